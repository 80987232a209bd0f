import { sha256, TrunklineError } from '../../lib/index.ts';
import {
  packageSchema,
  sortPackages,
  supplementSchema,
  type ManifestPackage,
  type ManifestSupplement,
} from '../manifest.ts';

/** Packages a leaf holds at most, unless they are all of one project. */
export const LEAF = 16;
/** Children of an inner node: two bits of the key a level. */
const CHILDREN = 4;
const DIGITS = 128;

/** A child of an inner node, or null where no package has that digit. */
export interface Child {
  hash: string;
  /** Packages below it. */
  count: number;
  /** Whether a project below it supplies something besides packages. */
  supplied: boolean;
}

/** What stands in the leaves of a tree. */
export interface Content {
  packages: readonly ManifestPackage[];
  supplements: readonly ManifestSupplement[];
}

/**
 * A node of a snapshot: a radix tree over the SHA-256 of the project's name, so that a new build changes one leaf and the few nodes above it. Which nodes
 * there are follows from the packages alone: two servers with the same packages name the snapshot alike.
 */
export type TreeNode =
  | ({ kind: 'leaf' } & Content)
  | { kind: 'inner'; children: readonly (Child | null)[] }
  // What a leaf's supplement says: shared by all leaves that have it.
  | { kind: 'text'; content: string };

/** A node with its name: the SHA-256 of its text. */
export interface NamedNode extends Child {
  node: TreeNode;
  text: string;
}

export function leafOf(content: Content): NamedNode {
  const packages = sortPackages(content.packages);
  const supplements = sortSupplements(content.supplements);
  const lines = [
    ...packages.map((one) => JSON.stringify(packageSchema.parse(one))),
    ...supplements.map((one) => JSON.stringify(supplementSchema.parse(one))),
  ];
  const text = ['leaf', ...lines, ''].join('\n');
  return { hash: sha256(text), ...sizeOf(packages, supplements), node: { kind: 'leaf', packages, supplements }, text };
}

export function textOf(content: string): NamedNode {
  const text = `text\n${content}`;
  return { hash: sha256(text), count: 0, supplied: false, node: { kind: 'text', content }, text };
}

function sizeOf(packages: readonly unknown[], supplements: readonly unknown[]) {
  return { count: packages.length, supplied: supplements.length > 0 };
}

function sortSupplements(supplements: readonly ManifestSupplement[]): ManifestSupplement[] {
  const key = ({ project, supplement }: ManifestSupplement) => `${project}\0${supplement}`;
  return supplements.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

export function innerOf(children: readonly (Child | null)[]): NamedNode {
  const lines = children.map((child) =>
    child === null ? '-' : `${child.hash} ${child.count}${child.supplied ? ' supplied' : ''}`,
  );
  const text = ['inner', ...lines, ''].join('\n');
  const count = children.reduce((sum, child) => sum + (child?.count ?? 0), 0);
  const supplied = children.some((child) => child?.supplied === true);
  return { hash: sha256(text), count, supplied, node: { kind: 'inner', children }, text };
}

/** The digit of a project's key at a depth: 0 to 3. */
export function digitOf(key: string, depth: number): number {
  const hex = Number.parseInt(key[depth >> 1] ?? '0', 16);
  return depth % 2 === 0 ? hex >> 2 : hex & 3;
}

export function keyOf(project: string): string {
  return sha256(project);
}

/** The one tree of some packages below a depth: its top first, then whatever else is new. Who has no package supplies nothing. */
export function build({ packages, supplements }: Content, depth: number): NamedNode[] {
  const projects = new Set(packages.map((one) => one.project));
  if (packages.length <= LEAF || projects.size === 1 || depth >= DIGITS) return [leafOf({ packages, supplements })];
  const digits = new Map([...projects].map((project) => [project, digitOf(keyOf(project), depth)]));
  const parts = Array.from({ length: CHILDREN }, () => ({
    packages: [] as ManifestPackage[],
    supplements: [] as ManifestSupplement[],
  }));
  for (const one of packages) parts[digits.get(one.project) ?? -1]?.packages.push(one);
  for (const one of supplements) parts[digits.get(one.project) ?? -1]?.supplements.push(one);
  const below = parts.map((part) => (part.packages.length === 0 ? [] : build(part, depth + 1)));
  return [innerOf(below.map(([top]) => (top === undefined ? null : childOf(top)))), ...below.flat()];
}

/** The nodes that a node names. */
export function namedBy(node: TreeNode): string[] {
  if (node.kind === 'inner') return node.children.flatMap((child) => child?.hash ?? []);
  return node.kind === 'leaf' ? node.supplements.map(({ text }) => text) : [];
}

/** A node as its parent names it; null where there is nothing in it. */
export function childOf({ hash, count, supplied }: Child): Child | null {
  return count === 0 ? null : { hash, count, supplied };
}

/** @throws TrunklineError `store_damaged` for a text that is not what its name says. */
export function parseNode(hash: string, text: string): NamedNode {
  if (sha256(text) !== hash) throw damaged(hash);
  const [kind, ...rest] = text.split('\n');
  const lines = rest.slice(0, -1);
  if (kind === 'leaf') {
    const listed = lines.map((line) => JSON.parse(line) as ManifestPackage | ManifestSupplement);
    const packages = listed.filter((one): one is ManifestPackage => !('supplement' in one));
    const supplements = listed.filter((one): one is ManifestSupplement => 'supplement' in one);
    return { hash, ...sizeOf(packages, supplements), node: { kind, packages, supplements }, text };
  }
  if (kind === 'text') return textOf(text.slice('text\n'.length));
  if (kind !== 'inner' || lines.length !== CHILDREN) throw damaged(hash);
  return innerOf(
    lines.map((line) => {
      const [child = '', count = '', supplied] = line.split(' ');
      return child === '-' ? null : { hash: child, count: Number(count), supplied: supplied !== undefined };
    }),
  );
}

function damaged(hash: string): TrunklineError {
  return new TrunklineError('store_damaged', `The recorded list of packages ${hash} was changed`, {
    hint: 'restore the database from a backup; what a snapshot says never changes',
  });
}
