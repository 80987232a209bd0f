import { TrunklineError } from '../../lib/index.ts';
import { leafOf, namedBy, parseNode, type Content, type NamedNode } from './node.ts';

/** Where nodes are kept: name → text. Nothing in it ever changes. */
export interface NodeStore {
  /** The texts of those that are there. */
  read(hashes: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Makes nodes durable; those that are there already are left alone. */
  write(nodes: ReadonlyMap<string, string>): Promise<void>;
}

/** Nodes held in memory at most; a snapshot of 50,000 packages has about 9,000. */
const HELD = 20_000;
/** New nodes that nobody has asked to keep: of candidates that failed. */
const UNSETTLED = 10_000;
export const NOTHING: Content = { packages: [], supplements: [] };
export const EMPTY = leafOf(NOTHING);

/** Nodes in memory, over a store. */
export interface Nodes {
  get(hash: string): Promise<NamedNode>;
  has(hash: string): Promise<boolean>;
  /** Reads several at once into memory. */
  load(hashes: readonly string[]): Promise<void>;
  /** Takes in new nodes; answers the first. */
  add(made: readonly NamedNode[]): NamedNode;
  /** A node that nothing durable has yet, or undefined. */
  fresh(hash: string): NamedNode | undefined;
  settle(hash: string): void;
  forget(): void;
}

export function createNodes(store: NodeStore): Nodes {
  const held = new Map<string, NamedNode>([[EMPTY.hash, EMPTY]]);
  const unsettled = new Map<string, NamedNode>([[EMPTY.hash, EMPTY]]);
  const hold = (node: NamedNode) => {
    // The text is needed for writing only.
    held.set(node.hash, { ...node, text: '' });
    dropOldest(held, HELD);
  };
  let forgotten = 0;
  const known = (hash: string) => unsettled.get(hash) ?? held.get(hash);
  const load = async (hashes: readonly string[]): Promise<void> => {
    const unknown = hashes.filter((hash) => known(hash) === undefined);
    if (unknown.length === 0) return;
    const before = forgotten;
    const found = await store.read(unknown);
    // What was read before others were removed may be of those: held, it would never be written again.
    if (forgotten !== before) return load(hashes);
    for (const [hash, text] of found) hold(parseNode(hash, text));
  };
  return {
    load,
    get: async (hash) => {
      await load([hash]);
      const node = known(hash);
      if (node !== undefined) return node;
      throw new TrunklineError('not_found', `There is no snapshot ${hash} of this repository`, {
        hint: 'trunkline snapshot list names the ones there are',
      });
    },
    has: async (hash) => {
      await load([hash]);
      return known(hash) !== undefined && (!unsettled.has(hash) || hash === EMPTY.hash);
    },
    add: (made) => {
      for (const node of made) if (held.get(node.hash) === undefined) unsettled.set(node.hash, node);
      dropOldest(unsettled, UNSETTLED + made.length);
      const [top] = made;
      if (top === undefined) throw new Error('a tree without a top');
      return held.get(top.hash) ?? top;
    },
    fresh: (hash) => unsettled.get(hash),
    forget: () => {
      forgotten += 1;
      held.clear();
      held.set(EMPTY.hash, EMPTY);
      unsettled.set(EMPTY.hash, EMPTY);
    },
    settle: (hash) => {
      const node = unsettled.get(hash);
      if (node === undefined) return;
      unsettled.delete(hash);
      hold(node);
    },
  };
}

function dropOldest(map: Map<string, NamedNode>, most: number): void {
  for (const hash of map.keys()) {
    if (map.size <= most) return;
    if (hash !== EMPTY.hash) map.delete(hash);
  }
}

/** The texts of the nodes of a tree that nothing durable has yet. */
export function collectFresh(nodes: Nodes, hash: string, into: Map<string, string>): void {
  const fresh = nodes.fresh(hash);
  if (fresh === undefined || into.has(hash)) return;
  into.set(hash, fresh.text);
  for (const below of namedBy(fresh.node)) collectFresh(nodes, below, into);
}
