import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { run } from '../../src/lib/index.ts';

/** A file system of `megabytes` to keep the data directory on. */
export async function smallDisk(megabytes: number): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'trunkline-e2e-disk-'));
  await run(['mount', '-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0755`, 'trunkline-e2e', directory]);
  onTestFinished(async () => {
    await run(['umount', '-l', directory]);
    await rm(directory, { recursive: true });
  });
  return directory;
}

/** Fills the disk until `left` bytes are free. */
export async function fill(disk: string, left: number): Promise<string> {
  const { bavail, bsize } = await statfs(disk);
  const path = join(disk, 'filling');
  await writeFile(path, Buffer.alloc(Math.max(0, bavail * bsize - left)));
  return path;
}
