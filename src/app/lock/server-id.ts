import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { errnoOf, fileSystemError, writeAtomic } from '../../lib/index.ts';

/** The file in a local directory that tells it from all others; made at the first start. */
export const SERVER_ID = 'server-id';

/**
 * Who works in a local directory, whichever process that is: `<host>-<16 digits>`. The host is in it because a machine's disk may be copied to another.
 * To be called while holding the directory: then what was done under this name before was done by a process that has ended.
 * @throws TrunklineError `data_dir_unwritable`, `no_space`
 */
export async function serverId(localDir: string): Promise<string> {
  const path = join(localDir, SERVER_ID);
  const known = (await readText(path)).trim();
  const id = /^[0-9a-f]{16}$/.test(known) ? known : randomBytes(8).toString('hex');
  if (id !== known) await writeAtomic(path, `${id}\n`);
  return `${hostname()}-${id}`;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    throw fileSystemError(error, path);
  }
}
