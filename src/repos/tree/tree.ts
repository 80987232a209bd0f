import { TrunklineError } from '../../lib/index.ts';
import type { ManifestDiff, ManifestPackage } from '../manifest.ts';
import { build, digitOf, innerOf, keyOf, LEAF, leafOf, parseNode, type Child, type NamedNode } from './node.ts';

/** Where nodes are kept: name → text. Nothing in it ever changes. */
export interface NodeStore {
  /** The texts of those that are there. */
  read(hashes: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Makes nodes durable; those that are there already are left alone. */
  write(nodes: ReadonlyMap<string, string>): Promise<void>;
}

/** Snapshots as shared trees. A snapshot is named by its root's hash; null stands for the repository before its first package. */
export interface SnapshotTree {
  /** The name of the snapshot with a project's packages replaced. It is only in memory until `keep`. */
  replace: (root: string | null, project: string, packages: readonly ManifestPackage[]) => Promise<string>;
  /** The same with many projects at once, in time that grows with the snapshot. */
  replaceAll: (root: string | null, changes: ReadonlyMap<string, readonly ManifestPackage[]>) => Promise<string>;
  /** Makes a snapshot durable. */
  keep: (root: string) => Promise<void>;
  has: (root: string) => Promise<boolean>;
  /** All packages, in the order in which index files have them. @throws TrunklineError `not_found`, `store_damaged` */
  list: (root: string) => Promise<ManifestPackage[]>;
  ofProject: (root: string | null, project: string) => Promise<ManifestPackage[]>;
  count: (root: string) => Promise<number>;
  /** By content; reads only what the two do not share. */
  diff: (before: string | null, after: string | null) => Promise<ManifestDiff>;
  /** The highest nodes with at most `most` packages, in order. */
  parts: (root: string, most: number) => Promise<Child[]>;
  /** Forgets what is in memory: to be called when nodes were removed from the store. */
  forget: () => void;
}

/** Nodes held in memory at most; a snapshot of 50,000 packages has about 9,000. */
const HELD = 20_000;
/** New nodes that nobody has asked to keep: of candidates that failed. */
const UNSETTLED = 10_000;
const EMPTY = leafOf([]);

export function openTree(store: NodeStore): SnapshotTree {
  const nodes = createNodes(store);
  const listAll = async (hash: string): Promise<ManifestPackage[]> => {
    const { node } = await nodes.get(hash);
    if (node.kind === 'leaf') return [...node.packages];
    await nodes.load(node.children.filter(isChild).map((child) => child.hash));
    const lists: ManifestPackage[][] = [];
    for (const child of node.children) if (child !== null) lists.push(await listAll(child.hash));
    return lists.flat();
  };
  const partsOf = async (hash: string, most: number): Promise<Child[]> => {
    const { node, count } = await nodes.get(hash);
    if (count <= most || node.kind === 'leaf') return [{ hash, count }];
    await nodes.load(node.children.filter(isChild).map((child) => child.hash));
    const found: Child[] = [];
    for (const child of node.children) if (child !== null) found.push(...(await partsOf(child.hash, most)));
    return found;
  };

  return {
    list: listAll,
    parts: partsOf,
    forget: () => {
      nodes.forget();
    },
    count: async (root) => (await nodes.get(root)).count,
    has: (root) => nodes.has(root),
    replaceAll: async (root, changes) => {
      const others = (root === null ? [] : await listAll(root)).filter((one) => !changes.has(one.project));
      return nodes.add(build([...others, ...[...changes.values()].flat()], 0)).hash;
    },
    replace: async (root, project, packages) => {
      const top = root === null ? EMPTY : await nodes.get(root);
      return (await replaceBelow({ nodes, listAll, project, key: keyOf(project), packages }, top, 0)).hash;
    },
    keep: async (root) => {
      const fresh = new Map<string, string>();
      collectFresh(nodes, root, fresh);
      await store.write(fresh);
      for (const hash of fresh.keys()) nodes.settle(hash);
    },
    ofProject: (root, project) => (root === null ? Promise.resolve([]) : packagesOf(nodes, root, project)),
    diff: async (before, after) => {
      const [old, young] = await differing({ nodes, listAll }, before, after);
      const oldKeys = new Set(old.map(contentKey));
      const youngKeys = new Set(young.map(contentKey));
      return {
        added: young.filter((one) => !oldKeys.has(contentKey(one))),
        removed: old.filter((one) => !youngKeys.has(contentKey(one))),
      };
    },
  };
}

/** The packages of one project: down from the root to one leaf. */
async function packagesOf(nodes: Nodes, root: string, project: string): Promise<ManifestPackage[]> {
  const key = keyOf(project);
  let current = await nodes.get(root);
  for (let depth = 0; current.node.kind === 'inner'; depth += 1) {
    const child = current.node.children[digitOf(key, depth)];
    if (child === null || child === undefined) return [];
    current = await nodes.get(child.hash);
  }
  return current.node.packages.filter((one) => one.project === project);
}

type ListAll = (hash: string) => Promise<ManifestPackage[]>;

interface Replacement {
  nodes: Nodes;
  listAll: ListAll;
  project: string;
  key: string;
  packages: readonly ManifestPackage[];
}

async function replaceBelow(change: Replacement, top: NamedNode, depth: number): Promise<NamedNode> {
  const { nodes, project, key, packages } = change;
  if (top.node.kind === 'leaf') {
    const others = top.node.packages.filter((one) => one.project !== project);
    return nodes.add(build([...others, ...packages], depth));
  }
  const digit = digitOf(key, depth);
  const child = top.node.children[digit] ?? null;
  const below = await replaceBelow(change, child === null ? EMPTY : await nodes.get(child.hash), depth + 1);
  const children = top.node.children.map((one, n) => {
    if (n !== digit) return one;
    return below.count === 0 ? null : { hash: below.hash, count: below.count };
  });
  const present = children.filter(isChild);
  const count = present.reduce((sum, one) => sum + one.count, 0);
  if (count <= LEAF) {
    const lists: ManifestPackage[][] = [];
    for (const one of present) lists.push(await change.listAll(one.hash));
    return nodes.add([leafOf(lists.flat())]);
  }
  const [only, second] = present;
  if (only !== undefined && second === undefined) {
    const alone = await nodes.get(only.hash);
    if (alone.node.kind === 'leaf') return alone;
  }
  return nodes.add([innerOf(children)]);
}

/** The packages of the parts that two trees do not share, each side. */
async function differing(
  { nodes, listAll }: { nodes: Nodes; listAll: ListAll },
  before: string | null,
  after: string | null,
): Promise<[ManifestPackage[], ManifestPackage[]]> {
  if (before === after) return [[], []];
  const [old, young] = [
    before === null ? EMPTY : await nodes.get(before),
    after === null ? EMPTY : await nodes.get(after),
  ];
  if (old.node.kind === 'leaf' || young.node.kind === 'leaf')
    return [old.count === 0 ? [] : await listAll(old.hash), young.count === 0 ? [] : await listAll(young.hash)];
  const olds: ManifestPackage[][] = [];
  const youngs: ManifestPackage[][] = [];
  for (const [n, child] of old.node.children.entries()) {
    const other = young.node.children[n] ?? null;
    const [a, b] = await differing({ nodes, listAll }, child?.hash ?? null, other?.hash ?? null);
    olds.push(a);
    youngs.push(b);
  }
  return [olds.flat(), youngs.flat()];
}

/** Two owners of the same file, or two places in history of it, are two different entries. */
function contentKey(one: ManifestPackage): string {
  return `${one.sha256} ${one.fileName} ${one.project} ${one.sequence}`;
}

interface Nodes {
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

function createNodes(store: NodeStore): Nodes {
  const held = new Map<string, NamedNode>([[EMPTY.hash, EMPTY]]);
  const unsettled = new Map<string, NamedNode>([[EMPTY.hash, EMPTY]]);
  const hold = (node: NamedNode) => {
    // The text is needed for writing only.
    held.set(node.hash, { ...node, text: '' });
    dropOldest(held, HELD);
  };
  const known = (hash: string) => unsettled.get(hash) ?? held.get(hash);
  const load = async (hashes: readonly string[]) => {
    const unknown = hashes.filter((hash) => known(hash) === undefined);
    if (unknown.length === 0) return;
    for (const [hash, text] of await store.read(unknown)) hold(parseNode(hash, text));
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

function collectFresh(nodes: Nodes, hash: string, into: Map<string, string>): void {
  const fresh = nodes.fresh(hash);
  if (fresh === undefined || into.has(hash)) return;
  into.set(hash, fresh.text);
  if (fresh.node.kind === 'inner')
    for (const child of fresh.node.children) if (child !== null) collectFresh(nodes, child.hash, into);
}

function isChild(child: Child | null): child is Child {
  return child !== null;
}
