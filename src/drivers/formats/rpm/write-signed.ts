import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { fileSystemError } from '../../../lib/index.ts';
import { invalidPackage } from '../confined-reading.ts';
import type { Unsigned } from './insert-signatures.ts';

/**
 * Writes the signed package to `path`, which must not exist: `front`, then everything of the original that comes after its own front.
 * @throws TrunklineError `package_invalid` when the original is not what was identified any more, `no_space`.
 */
export async function writeSigned({ file, head }: Unsigned, front: Buffer, path: string): Promise<void> {
  const original = createHash('sha256');
  let left = head.front.length;
  try {
    const handle = await open(path, 'wx', 0o644);
    try {
      await handle.writeFile(front);
      for await (const chunk of createReadStream(file.path) as AsyncIterable<Buffer>) {
        original.update(chunk);
        const rest = chunk.subarray(Math.min(left, chunk.length));
        left -= chunk.length - rest.length;
        if (rest.length > 0) await handle.writeFile(rest);
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileSystemError(error, path);
  }
  if (original.digest('hex') !== file.sha256) throw invalidPackage(file, 'it has changed since it was identified');
}
