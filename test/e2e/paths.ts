import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';

/**
 * Everything below a directory, as paths relative to it; nothing where it is not there. Links are not followed, as `readdir` by itself does: a thousand
 * snapshots have a link to one pool each.
 */
export async function pathsBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.map(({ parentPath, name }) => relative(directory, join(parentPath, name)));
}
