import { sha256 } from '../../lib/index.ts';
import type { Supplements } from '../../model/index.ts';
import type { ManifestDiff, ManifestPackage, ManifestSupplement } from '../manifest.ts';
import {
  build,
  childOf,
  digitOf,
  innerOf,
  keyOf,
  LEAF,
  leafOf,
  textOf,
  type Child,
  type Content,
  type NamedNode,
} from './node.ts';
import { collectFresh, createNodes, EMPTY, NOTHING, type Nodes, type NodeStore } from './nodes.ts';

export type { NodeStore } from './nodes.ts';

/** What a project supplies in a snapshot, and its packages there. */
export interface SuppliedText {
  project: string;
  supplement: string;
  text: string;
  packages: readonly ManifestPackage[];
}

/** Snapshots as shared trees. A snapshot is named by its root's hash; null stands for the repository before its first package. */
export interface SnapshotTree {
  /**
   * The name of the snapshot with a project's packages replaced, and what it supplies besides them, which stays where nothing is said of it. It is only
   * in memory until `keep`.
   */
  replace: (
    root: string | null,
    project: string,
    packages: readonly ManifestPackage[],
    supplements?: Supplements,
  ) => Promise<string>;
  /** The same with many projects at once, in time that grows with the snapshot. */
  replaceAll: (root: string | null, changes: ReadonlyMap<string, readonly ManifestPackage[]>) => Promise<string>;
  /** Makes a snapshot durable. */
  keep: (root: string) => Promise<void>;
  has: (root: string) => Promise<boolean>;
  /** All packages, in the order in which index files have them. @throws TrunklineError `not_found`, `store_damaged` */
  list: (root: string) => Promise<ManifestPackage[]>;
  ofProject: (root: string | null, project: string) => Promise<ManifestPackage[]>;
  /** What a project supplies in a snapshot. */
  supplementsOf: (root: string | null, project: string) => Promise<Supplements>;
  /** What all projects supply, in the tree's order. Costs what is supplied, not what is there. */
  supplied: (root: string | null) => Promise<SuppliedText[]>;
  count: (root: string) => Promise<number>;
  /** By content; reads only what the two do not share. */
  diff: (before: string | null, after: string | null) => Promise<ManifestDiff>;
  /** The tree in parts, in order: the highest nodes with at most `most` packages, their children in groups of about `group` where that is less. */
  parts: (root: string, size: PartSize) => Promise<Part[]>;
  /** Forgets what is in memory: to be called when nodes were removed from the store. */
  forget: () => void;
}

export function openTree(store: NodeStore): SnapshotTree {
  const nodes = createNodes(store);
  const contentOf = (hash: string) => contentBelow(nodes, hash);
  const listAll = async (hash: string) => [...(await contentOf(hash)).packages];

  return {
    list: listAll,
    parts: (root, size) => partsBelow(nodes, root, size),
    forget: () => {
      nodes.forget();
    },
    count: async (root) => (await nodes.get(root)).count,
    has: (root) => nodes.has(root),
    replaceAll: async (root, changes) => {
      const before = root === null ? NOTHING : await contentOf(root);
      const others = before.packages.filter((one) => !changes.has(one.project));
      const packages = [...others, ...[...changes.values()].flat()];
      return nodes.add(build({ packages, supplements: of(packages, before.supplements) }, 0)).hash;
    },
    replace: async (root, project, packages, supplements) => {
      const top = root === null ? EMPTY : await nodes.get(root);
      const given = supplements === undefined ? null : nodesOf(nodes, project, supplements);
      const change = { nodes, contentOf, project, key: keyOf(project), packages, supplements: given };
      return (await replaceBelow(change, top, 0)).hash;
    },
    keep: async (root) => {
      const fresh = new Map<string, string>();
      collectFresh(nodes, root, fresh);
      await store.write(fresh);
      for (const hash of fresh.keys()) nodes.settle(hash);
    },
    ofProject: async (root, project) => [...(await contentOfProject(nodes, root, project)).packages],
    supplementsOf: async (root, project) => {
      const { supplements } = await contentOfProject(nodes, root, project);
      const texts = await textsOf(nodes, supplements);
      return Object.fromEntries(supplements.map(({ supplement }, n) => [supplement, texts[n] ?? '']));
    },
    supplied: async (root) => (root === null ? [] : suppliedBelow(nodes, await nodes.get(root))),
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

async function contentBelow(nodes: Nodes, hash: string): Promise<Content> {
  const { node } = await nodes.get(hash);
  if (node.kind === 'leaf') return node;
  const lists: Content[] = [];
  for (const child of await childrenOf(nodes, node)) lists.push(await contentBelow(nodes, child.hash));
  return joined(lists);
}

/** Some nodes that stand beside each other: one, or children of one. */
export interface Part {
  /** Says what is in it. */
  key: string;
  nodes: readonly string[];
}

export interface PartSize {
  most: number;
  group: number;
}

async function partsBelow(nodes: Nodes, hash: string, size: PartSize): Promise<Part[]> {
  const { node, count } = await nodes.get(hash);
  if (count <= size.group || node.kind === 'leaf') return [{ key: hash, nodes: [hash] }];
  const children = await childrenOf(nodes, node);
  if (count <= size.most) return grouped(children, Math.ceil(count / size.group));
  const found: Part[] = [];
  for (const child of children) found.push(...(await partsBelow(nodes, child.hash, size)));
  return found;
}

function grouped(children: readonly Child[], groups: number): Part[] {
  const each = Math.ceil(children.length / groups);
  const found: Part[] = [];
  for (let start = 0; start < children.length; start += each) {
    const some = children.slice(start, start + each).map((child) => child.hash);
    const [only = '', second] = some;
    found.push({ key: second === undefined ? only : sha256(some.join('\n')), nodes: some });
  }
  return found;
}

/** What one project has: down from the root to one leaf. */
async function contentOfProject(nodes: Nodes, root: string | null, project: string): Promise<Content> {
  if (root === null) return NOTHING;
  const key = keyOf(project);
  let current = await nodes.get(root);
  for (let depth = 0; current.node.kind === 'inner'; depth += 1) {
    const child = current.node.children[digitOf(key, depth)];
    if (child === null || child === undefined) return NOTHING;
    current = await nodes.get(child.hash);
  }
  return current.node.kind === 'leaf' ? among(current.node, (one) => one.project === project) : NOTHING;
}

/** The children of an inner node, read into memory at once. */
async function childrenOf(nodes: Nodes, node: NamedNode['node']): Promise<Child[]> {
  const children = node.kind === 'inner' ? node.children.filter(isChild) : [];
  await nodes.load(children.map((child) => child.hash));
  return children;
}

/** Supplements of some packages' projects. */
function of(packages: readonly ManifestPackage[], supplements: readonly ManifestSupplement[]): ManifestSupplement[] {
  if (supplements.length === 0) return [];
  const projects = new Set(packages.map((one) => one.project));
  return supplements.filter((one) => projects.has(one.project));
}

function among({ packages, supplements }: Content, wanted: (one: { project: string }) => boolean): Content {
  return { packages: packages.filter(wanted), supplements: supplements.filter(wanted) };
}

function joined(parts: readonly Content[]): Content {
  return {
    packages: parts.flatMap(({ packages }) => packages),
    supplements: parts.flatMap(({ supplements }) => supplements),
  };
}

/** Supplements as a leaf names them; their texts become nodes. */
function nodesOf(nodes: Nodes, project: string, supplements: Supplements): ManifestSupplement[] {
  return Object.entries(supplements).map(([supplement, text]) => ({
    ...{ project, supplement },
    text: nodes.add([textOf(text)]).hash,
  }));
}

async function textsOf(nodes: Nodes, supplements: readonly ManifestSupplement[]): Promise<string[]> {
  await nodes.load(supplements.map(({ text }) => text));
  const found = await Promise.all(supplements.map(({ text }) => nodes.get(text)));
  return found.map(({ node }) => (node.kind === 'text' ? node.content : ''));
}

async function suppliedBelow(nodes: Nodes, { node, supplied }: NamedNode): Promise<SuppliedText[]> {
  if (!supplied) return [];
  if (node.kind === 'leaf') {
    const texts = await textsOf(nodes, node.supplements);
    return node.supplements.map(({ project, supplement }, n) => ({
      ...{ project, supplement, text: texts[n] ?? '' },
      packages: node.packages.filter((one) => one.project === project),
    }));
  }
  const found: SuppliedText[] = [];
  for (const child of await childrenOf(nodes, node))
    if (child.supplied) found.push(...(await suppliedBelow(nodes, await nodes.get(child.hash))));
  return found;
}

interface Replacement {
  nodes: Nodes;
  contentOf: (hash: string) => Promise<Content>;
  project: string;
  key: string;
  packages: readonly ManifestPackage[];
  /** null: those there are. */
  supplements: readonly ManifestSupplement[] | null;
}

async function replaceBelow(change: Replacement, top: NamedNode, depth: number): Promise<NamedNode> {
  const { nodes, project, key, packages } = change;
  if (top.node.kind === 'text') throw new Error('a text in the place of a list');
  if (top.node.kind === 'leaf') {
    const others = among(top.node, (one) => one.project !== project);
    const supplements = change.supplements ?? top.node.supplements.filter((one) => one.project === project);
    return nodes.add(build(joined([others, { packages, supplements: of(packages, supplements) }]), depth));
  }
  const digit = digitOf(key, depth);
  const child = top.node.children[digit] ?? null;
  const below = await replaceBelow(change, child === null ? EMPTY : await nodes.get(child.hash), depth + 1);
  const children = top.node.children.map((one, n) => {
    return n === digit ? childOf(below) : one;
  });
  const present = children.filter(isChild);
  const count = present.reduce((sum, one) => sum + one.count, 0);
  if (count <= LEAF) {
    const lists: Content[] = [];
    for (const one of present) lists.push(await change.contentOf(one.hash));
    return nodes.add([leafOf(joined(lists))]);
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
  { nodes, listAll }: { nodes: Nodes; listAll: (hash: string) => Promise<ManifestPackage[]> },
  before: string | null,
  after: string | null,
): Promise<[ManifestPackage[], ManifestPackage[]]> {
  if (before === after) return [[], []];
  const [old, young] = [
    before === null ? EMPTY : await nodes.get(before),
    after === null ? EMPTY : await nodes.get(after),
  ];
  if (old.node.kind !== 'inner' || young.node.kind !== 'inner')
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

function isChild(child: Child | null): child is Child {
  return child !== null;
}
