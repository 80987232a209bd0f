import { lstat, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../../lib/index.ts';

/** What a path below a directory leads to. `at`: the parts of it without links. */
export type Resolved =
  | { kind: 'file' | 'directory'; at: readonly string[] }
  | { kind: 'missing'; at: readonly string[] }
  | { kind: 'outside' };

const MOST_LINKS = 20;

/**
 * Follows a path below `root` part by part, links included, and never beyond it: a link that leads elsewhere leads nowhere here. What begins with a dot
 * is not whole yet, or is nobody's business.
 */
export async function resolveBelow(root: string, parts: readonly string[]): Promise<Resolved> {
  const ahead = [...parts].reverse();
  const at: string[] = [];
  let links = 0;
  for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (at.pop() === undefined) return { kind: 'outside' };
      continue;
    }
    if (part.startsWith('.') || part.includes('\0') || part.includes('/'))
      return { kind: 'missing', at: [...at, part] };
    const path = join(root, ...at, part);
    const link = await linkAt(path);
    if (link === undefined) return { kind: 'missing', at: [...at, part] };
    if (link === null) at.push(part);
    else if (link.startsWith('/') || ++links > MOST_LINKS) return { kind: 'outside' };
    else ahead.push(...link.split('/').reverse());
  }
  const status = await lstat(join(root, ...at)).catch(() => null);
  if (status === null) return { kind: 'missing', at };
  if (status.isDirectory()) return { kind: 'directory', at };
  return status.isFile() ? { kind: 'file', at } : { kind: 'outside' };
}

/** Where a link leads; null for what is no link, undefined for what is not there. */
async function linkAt(path: string): Promise<string | null | undefined> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : null;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}
