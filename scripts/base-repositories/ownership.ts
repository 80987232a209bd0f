import { readdir, readlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { DebianTree } from './debian-tree.ts';

export interface PathEntry {
  /** Absolute inside the tree, without a symbolic link above its last part. */
  path: string;
  directory: boolean;
}

export interface Ownership {
  /** Package name → what it owns; '' → what belongs to no package or to several (directories, and links like /lib). */
  owned: ReadonlyMap<string, readonly PathEntry[]>;
  /** Package name → the names its programs had before /bin and /sbin were merged into /usr: `/bin/sh`. */
  unmerged: ReadonlyMap<string, readonly string[]>;
}

const MERGED = /^\/(bin|sbin|lib|lib64)(?=\/)/;

/** Says for every path of the tree which package owns it: by dpkg's lists, links by what they lead to, compiled Python by its source. */
export async function assignOwners(tree: DebianTree): Promise<Ownership> {
  const owners = new Map<string, Set<string>>();
  const unmerged = new Map<string, string[]>();
  for (const { name, paths } of tree.packages)
    for (const listed of paths) {
      const path = listed.replace(MERGED, '/usr/$1');
      owners.set(path, (owners.get(path) ?? new Set()).add(name));
      if (path !== listed && /^\/s?bin\//.test(listed)) unmerged.set(name, [...(unmerged.get(name) ?? []), listed]);
    }
  const owned = new Map<string, PathEntry[]>();
  for (const entry of await listTree(tree.root, '/')) {
    const owner = await ownerOf(tree.root, entry, owners);
    owned.set(owner, [...(owned.get(owner) ?? []), entry]);
  }
  return { owned, unmerged };
}

async function ownerOf(root: string, entry: PathEntry, owners: Map<string, Set<string>>): Promise<string> {
  const listed = owners.get(entry.path);
  if (listed !== undefined) return listed.size === 1 ? ([...listed][0] ?? '') : '';
  if (entry.directory) return '';
  const compiled = /^(.*)\/__pycache__\/([^/]+)\.cpython-\d+\.pyc$/.exec(entry.path);
  const stands = compiled ? [`${compiled[1] ?? ''}/${compiled[2] ?? ''}.py`] : await linkChain(root, entry.path);
  const owned = stands.find((path) => owners.has(path)) ?? '';
  return [...(owners.get(owned) ?? [])][0] ?? '';
}

/** What a chain of symbolic links leads to inside the tree, step by step. An alternative belongs to the program it stands for. */
async function linkChain(root: string, path: string): Promise<string[]> {
  const chain: string[] = [];
  for (let end = path; chain.length < 10;) {
    const target = await readlink(join(root, end)).catch(() => undefined);
    if (target === undefined) break;
    end = (target.startsWith('/') ? target : join(dirname(end), target)).replace(MERGED, '/usr/$1');
    chain.push(end);
  }
  return chain;
}

async function listTree(root: string, directory: string): Promise<PathEntry[]> {
  const entries: PathEntry[] = [];
  for (const entry of await readdir(join(root, directory), { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (!entry.isDirectory() && !entry.isFile() && !entry.isSymbolicLink()) continue;
    entries.push({ path, directory: entry.isDirectory() });
    if (entry.isDirectory()) entries.push(...(await listTree(root, path)));
  }
  return entries;
}

/** Names of the pkg-config modules among paths. */
export function pkgConfigModules(entries: readonly PathEntry[]): string[] {
  return entries.filter(({ path }) => /\/pkgconfig\/[^/]+\.pc$/.test(path)).map(({ path }) => basename(path, '.pc'));
}
