import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createRedactor, fileSystemError } from '../../lib/index.ts';

/**
 * Copies the regular files of a directory that a build could write to, by name and never through a link, and answers the copies' paths in name order.
 * @throws TrunklineError `no_space` or `data_dir_unwritable`.
 */
export async function takeFiles(from: string, to: string, accept: (name: string) => boolean): Promise<string[]> {
  const taken: string[] = [];
  for (const name of (await readdir(from)).filter(accept).sort()) {
    const target = join(to, name);
    if (await copyRegularFile(join(from, name), target)) taken.push(target);
  }
  return taken;
}

/** Copies one file that is no link, directory or device; false when it is one, or is not there. */
export function copyRegularFile(source: string, target: string): Promise<boolean> {
  return copyThrough(source, target, (bytes) => bytes);
}

/** As `copyRegularFile`, secrets redacted. */
export function copyLog(source: string, target: string): Promise<boolean> {
  return copyThrough(source, target, async function* (bytes) {
    const redactor = createRedactor();
    for await (const chunk of bytes) yield redactor.push(chunk);
    yield redactor.end();
  });
}

async function copyThrough(
  source: string,
  target: string,
  through: (bytes: AsyncIterable<Buffer>) => AsyncIterable<Buffer>,
): Promise<boolean> {
  // O_NONBLOCK: opening a FIFO would wait for ever.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(source, flags).catch(() => null);
  if (file === null) return false;
  try {
    if (!(await file.stat()).isFile()) return false;
    const copy = await open(target, 'w', 0o644);
    await pipeline(through(file.createReadStream({ autoClose: false })), copy.createWriteStream());
    return true;
  } catch (error) {
    throw fileSystemError(error, target);
  } finally {
    await file.close();
  }
}
