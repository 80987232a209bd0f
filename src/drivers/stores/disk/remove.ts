import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, fileSystemError, syncDirectory, TEMPORARY } from '../../../lib/index.ts';
import { checkDigest } from './schema.ts';

/** Takes the directory of a digest away: out of sight first, by way of a name that `recover` finds. */
export async function removeFile(pool: string, sha256: string): Promise<void> {
  checkDigest(sha256);
  const prefix = join(pool, sha256.slice(0, 2));
  const leaving = join(pool, `${TEMPORARY}gone-${sha256}`);
  try {
    await rm(leaving, { recursive: true, force: true });
    await rename(join(prefix, sha256), leaving);
    await syncDirectory(prefix);
    await rm(leaving, { recursive: true, force: true });
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) throw fileSystemError(error, prefix);
  }
}
