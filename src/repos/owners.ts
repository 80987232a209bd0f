import type { ManifestPackage, OwnerOf } from './manifest.ts';
import type { SnapshotTree } from './tree/tree.ts';

/**
 * Asks `ask` who owns which names in a snapshot, and answers what it answers. The names of the snapshot asked for last are held in memory; for another
 * one only what differs is read.
 */
export type WithOwners = <T>(root: string | null, ask: (ownerOf: OwnerOf) => T) => Promise<T>;

export function createOwners(tree: SnapshotTree): WithOwners {
  const names = new Map<string, { one: ManifestPackage; count: number }>();
  let held: string | null = null;
  let last: Promise<unknown> = Promise.resolve();
  const follow = async (root: string | null) => {
    if (root === held) return;
    const diff = await tree.diff(held, root);
    for (const one of diff.removed) count(names, one, -1);
    for (const one of diff.added) count(names, one, 1);
    held = root;
  };
  return (root, ask) => {
    // One after the other: the names are those of one snapshot at a time.
    const answer = last.then(async () => {
      await follow(root);
      return ask((kind, name) => names.get(keyOf(kind, name))?.one);
    });
    last = answer.catch(() => undefined);
    return answer;
  };
}

function count(names: Map<string, { one: ManifestPackage; count: number }>, one: ManifestPackage, by: number): void {
  const key = keyOf(one.kind, one.name);
  const sum = (names.get(key)?.count ?? 0) + by;
  if (sum === 0) names.delete(key);
  else names.set(key, { one, count: sum });
}

/** Binary and source packages have names of their own: a source `foo` and another project's binary `foo` do not meet. */
function keyOf(kind: ManifestPackage['kind'], name: string): string {
  return `${kind} ${name}`;
}
