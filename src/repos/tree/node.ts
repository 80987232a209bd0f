import { sha256, TrunklineError } from '../../lib/index.ts';
import { packageSchema, sortPackages, type ManifestPackage } from '../manifest.ts';

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
}

/**
 * A node of a snapshot: a radix tree over the SHA-256 of the project's name, so that a new build changes one leaf and the few nodes above it. Which nodes
 * there are follows from the packages alone: two servers with the same packages name the snapshot alike.
 */
export type TreeNode =
  { kind: 'leaf'; packages: readonly ManifestPackage[] } | { kind: 'inner'; children: readonly (Child | null)[] };

/** A node with its name: the SHA-256 of its text. */
export interface NamedNode {
  hash: string;
  count: number;
  node: TreeNode;
  text: string;
}

export function leafOf(packages: readonly ManifestPackage[]): NamedNode {
  const ordered = sortPackages(packages);
  const lines = ordered.map((one) => JSON.stringify(packageSchema.parse(one)));
  const text = ['leaf', ...lines, ''].join('\n');
  return { hash: sha256(text), count: ordered.length, node: { kind: 'leaf', packages: ordered }, text };
}

export function innerOf(children: readonly (Child | null)[]): NamedNode {
  const lines = children.map((child) => (child === null ? '-' : `${child.hash} ${child.count}`));
  const text = ['inner', ...lines, ''].join('\n');
  const count = children.reduce((sum, child) => sum + (child?.count ?? 0), 0);
  return { hash: sha256(text), count, node: { kind: 'inner', children }, text };
}

/** The digit of a project's key at a depth: 0 to 3. */
export function digitOf(key: string, depth: number): number {
  const hex = Number.parseInt(key[depth >> 1] ?? '0', 16);
  return depth % 2 === 0 ? hex >> 2 : hex & 3;
}

export function keyOf(project: string): string {
  return sha256(project);
}

/** The one tree of some packages below a depth: its top first, then whatever else is new. */
export function build(packages: readonly ManifestPackage[], depth: number): NamedNode[] {
  const projects = new Set(packages.map((one) => one.project));
  if (packages.length <= LEAF || projects.size === 1 || depth >= DIGITS) return [leafOf(packages)];
  const keys = new Map([...projects].map((project) => [project, keyOf(project)]));
  const parts: ManifestPackage[][] = Array.from({ length: CHILDREN }, () => []);
  for (const one of packages) parts[digitOf(keys.get(one.project) ?? '', depth)]?.push(one);
  const below = parts.map((part) => (part.length === 0 ? [] : build(part, depth + 1)));
  const children = below.map(([top]) => (top === undefined ? null : { hash: top.hash, count: top.count }));
  return [innerOf(children), ...below.flat()];
}

/** @throws TrunklineError `store_damaged` for a text that is not what its name says. */
export function parseNode(hash: string, text: string): NamedNode {
  if (sha256(text) !== hash) throw damaged(hash);
  const [kind, ...rest] = text.split('\n');
  const lines = rest.slice(0, -1);
  if (kind === 'leaf') {
    const packages = lines.map((line) => JSON.parse(line) as ManifestPackage);
    return { hash, count: packages.length, node: { kind, packages }, text };
  }
  if (kind !== 'inner' || lines.length !== CHILDREN) throw damaged(hash);
  return innerOf(
    lines.map((line) => {
      const [child = '', count = ''] = line.split(' ');
      return child === '-' ? null : { hash: child, count: Number(count) };
    }),
  );
}

function damaged(hash: string): TrunklineError {
  return new TrunklineError('store_damaged', `The recorded list of packages ${hash} was changed`, {
    hint: 'restore the database from a backup; what a snapshot says never changes',
  });
}
