import type { WholePart } from '../model/index.ts';
import { wholeTexts } from './assembly/index.ts';
import { listedPackages, listedTogether, refuseSupplied } from './manifest.ts';
import { createOwners } from './owners.ts';
import type { Repository } from './repository.ts';
import { holdersOf } from './tree/holders.ts';
import type { NodeStore, SnapshotTree } from './tree/tree.ts';

type Functions = Pick<
  Repository,
  | ('next' | 'nextOfAll' | 'readSnapshot' | 'ofProject' | 'supplementsOf' | 'wholeTexts')
  | ('count' | 'diff' | 'holdersOf' | 'forget')
>;

/** What snapshots consist of, and how the next one follows. */
export function snapshotLists(
  tree: SnapshotTree,
  { target, nodes, wholeParts }: { target: string; nodes: NodeStore; wholeParts: readonly WholePart[] },
): Functions {
  const withOwners = createOwners(tree);
  return {
    next: async (parent, change) => {
      const listed = await withOwners(parent, (ownerOf) => listedPackages(target, change, ownerOf));
      if (change.supplements !== undefined) refuseSupplied(target, change, await tree.supplied(parent), wholeParts);
      return tree.replace(parent, change.project, listed, change.supplements);
    },
    nextOfAll: async (parent, changes) => {
      const listed = await withOwners(parent, (ownerOf) => listedTogether(target, changes, ownerOf));
      return tree.replaceAll(parent, listed);
    },
    readSnapshot: async (hash) => ({ target, packages: await tree.list(hash) }),
    ...{ ofProject: tree.ofProject, supplementsOf: tree.supplementsOf, count: tree.count, diff: tree.diff },
    wholeTexts: (hash) => wholeTexts(tree, wholeParts, hash),
    holdersOf: (hashes, packages) => holdersOf(nodes, hashes, packages),
    forget: tree.forget,
  };
}
