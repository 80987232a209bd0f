import { lstat, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { InsideMount } from './arguments.ts';
import type { Holder } from './holder.ts';

/** How names are resolved on this machine, for a run with network: copies of the two files, mounted where the root has regular ones or none. */
export async function networkFiles(holder: Holder, root: number | 'tools'): Promise<InsideMount[]> {
  const directory = join(holder.directory, 'net');
  await mkdir(directory, { recursive: true });
  const mounts: InsideMount[] = [];
  for (const name of ['resolv.conf', 'hosts']) {
    const target = `/etc/${name}`;
    if (root !== 'tools' && !(await canMountOn(join(holder.directory, 'disk', String(root), 'm'), name))) continue;
    await writeFile(join(directory, name), await readFile(target).catch(() => ''));
    mounts.push({ source: `/jail/net/${name}`, target, writable: false });
  }
  return mounts;
}

/** A symbolic link would be followed out of the root while bubblewrap sets it up. */
async function canMountOn(root: string, name: string): Promise<boolean> {
  const etc = await lstat(join(root, 'etc')).catch(() => undefined);
  if (!etc?.isDirectory()) return false;
  const file = await lstat(join(root, 'etc', name)).catch(() => undefined);
  return file === undefined || file.isFile();
}
