import { digitOf, keyOf, parseNode } from './node.ts';
import type { NodeStore } from './tree.ts';

/** A package, and the project that it is of. */
export interface Owned {
  project: string;
  sha256: string;
}

/** Nodes read at once. */
const BATCH = 2000;

/** What is kept of the nodes on the way: an inner node's children by digit, a leaf's digests of packages by project. */
interface Ways {
  children: Map<string, readonly (string | null)[]>;
  leaves: Map<string, ReadonlySet<string>>;
}

/**
 * Of each of some packages, those of some snapshots that have it, in the order of `roots`. No list of packages is read: only the nodes on the way down to
 * the packages' projects, each once, however many snapshots share it. @throws TrunklineError `store_damaged`
 */
export async function holdersOf(
  store: Pick<NodeStore, 'read'>,
  roots: readonly string[],
  wanted: readonly Owned[],
): Promise<string[][]> {
  const keys = new Map(wanted.map(({ project }) => [project, keyOf(project)]));
  const ways: Ways = { children: new Map(), leaves: new Map() };
  let level = new Map(roots.map((root) => [root, new Set(keys.values())]));
  for (let depth = 0; level.size > 0; depth += 1) {
    const names = [...level.keys()];
    for (let start = 0; start < names.length; start += BATCH)
      for (const [hash, text] of await store.read(names.slice(start, start + BATCH))) note(ways, hash, text);
    level = belowOf(ways, level, depth);
  }
  return wanted.map((one) => roots.filter((root) => holds(ways, root, keys.get(one.project) ?? '', one)));
}

function note({ children, leaves }: Ways, hash: string, text: string): void {
  const { node } = parseNode(hash, text);
  if (node.kind === 'leaf') leaves.set(hash, new Set(node.packages.map(nameOf)));
  if (node.kind === 'inner')
    children.set(
      hash,
      node.children.map((child) => child?.hash ?? null),
    );
}

/** The nodes that are next on the ways to some keys. */
function belowOf({ children, leaves }: Ways, level: ReadonlyMap<string, ReadonlySet<string>>, depth: number) {
  const below = new Map<string, Set<string>>();
  for (const [hash, keys] of level)
    for (const key of keys) {
      const child = children.get(hash)?.[digitOf(key, depth)] ?? null;
      if (child === null || leaves.has(child)) continue;
      const others = below.get(child) ?? new Set();
      below.set(child, others.add(key));
    }
  return below;
}

function holds({ children, leaves }: Ways, root: string, key: string, one: Owned): boolean {
  let hash: string | null = root;
  for (let depth = 0; hash !== null; depth += 1) {
    const leaf = leaves.get(hash);
    if (leaf !== undefined) return leaf.has(nameOf(one));
    hash = children.get(hash)?.[digitOf(key, depth)] ?? null;
  }
  return false;
}

function nameOf({ project, sha256 }: Owned): string {
  return `${sha256} ${project}`;
}
