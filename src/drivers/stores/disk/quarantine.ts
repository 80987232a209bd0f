import { mkdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf, fileSystemError, syncDirectory } from '../../../lib/index.ts';

/** Moves a file of the pool to `quarantine/<sha256>-<milliseconds>/` beside the pool, under its own name. */
export async function quarantineFile(pool: string, path: string): Promise<string | null> {
  const place = join(dirname(pool), 'quarantine', `${basename(dirname(path))}-${Date.now()}`);
  try {
    await mkdir(place, { recursive: true, mode: 0o700 });
    await rename(path, join(place, basename(path)));
    await syncDirectory(place);
    await syncDirectory(dirname(path));
    return join(place, basename(path));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw fileSystemError(error, place);
  }
}
