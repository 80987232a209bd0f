import { namedBy, parseNode } from '../tree/node.ts';
import type { NodeStore } from '../tree/tree.ts';

/** What some snapshots consist of. */
export interface Reached {
  /** Names of all their nodes. */
  nodes: ReadonlySet<string>;
  /** Owning project by package digest. */
  packages: ReadonlyMap<string, string>;
}

/** Nodes read at once. */
const BATCH = 2000;

/** Everything that can be reached from some snapshots; each node is read once, however many share it. @throws TrunklineError `store_damaged` */
export async function reachFrom(store: Pick<NodeStore, 'read'>, roots: Iterable<string>): Promise<Reached> {
  const nodes = new Set<string>(roots);
  const packages = new Map<string, string>();
  let level = [...nodes];
  while (level.length > 0) {
    const below: string[] = [];
    for (let start = 0; start < level.length; start += BATCH)
      for (const [hash, text] of await store.read(level.slice(start, start + BATCH))) {
        const { node } = parseNode(hash, text);
        if (node.kind === 'leaf') for (const one of node.packages) packages.set(one.sha256, one.project);
        for (const name of namedBy(node)) addFresh(name, nodes, below);
      }
    level = below;
  }
  return { nodes, packages };
}

function addFresh(name: string, nodes: Set<string>, below: string[]): void {
  if (nodes.has(name)) return;
  nodes.add(name);
  below.push(name);
}
