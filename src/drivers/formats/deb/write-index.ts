import { posix } from 'node:path';
import { TrunklineError } from '../../../lib/index.ts';
import type { AssembledIndex, IndexEntry, IndexLayout, IndexOptions, IndexPart } from '../../../model/index.ts';
import { componentOf, componentsOf } from './components.ts';

/** Constant, as apt refuses a repository whose Suite or Codename changes. */
export const SUITE = 'trunk';
const TOP = `dists/${SUITE}`;
const EXTENSIONS = { gzip: 'gz', zstd: 'zst' } as const;

export const debLayout: IndexLayout = {
  directory: 'dists',
  byHash: (index) => `${posix.dirname(debIndexPath(index))}/by-hash/SHA256`,
  signatures: () => [
    { path: `${TOP}/Release.gpg`, form: 'armored' },
    { path: `${TOP}/InRelease`, form: 'clearsigned' },
  ],
  keyPath: null,
};

/**
 * In each component Packages and Contents for each architecture, in which `all` packages stand too (Release does not list `all`, so apt asks for no
 * binary-all), and Sources. The lines of Contents follow the packages and not the alphabet: apt-file searches them as they are.
 */
export function debIndexParts({
  architectures,
  components,
}: {
  architectures: readonly string[];
  components: readonly string[];
}): IndexPart[] {
  // Where everything stands in one component nobody looks for another.
  const within = (component: string, entry: IndexPart['entry']): IndexPart['entry'] =>
    components.length === 1 ? entry : (one) => (componentOf(one.fragment, components) === component ? entry(one) : '');
  const parts = components.flatMap((component) => [
    ...architectures.flatMap((arch) => [
      {
        id: `${component}/binary-${arch}/Packages`,
        entry: within(component, (entry) => packagesStanza(entry, arch, architectures)),
      },
      { id: `${component}/Contents-${arch}`, entry: within(component, (entry) => contentsOf(entry, arch)) },
    ]),
    { id: `${component}/source/Sources`, entry: within(component, sourceStanza) },
  ]);
  return parts.map((part) => ({ ...part, head: () => '', tail: '' }));
}

function contentsOf(entry: IndexEntry, arch: string): string {
  return ['all', arch].includes(architectureOf(entry)) ? (entry.fragment.Contents ?? '') : '';
}

export function debIndexPath(index: AssembledIndex): string {
  return `${TOP}/${index.id}.${EXTENSIONS[index.compression]}`;
}

/** Release lists the uncompressed files too, though only the compressed ones are there: apt wants to know what it unpacked. */
export function release(indices: readonly AssembledIndex[], options: IndexOptions): { path: string; content: string } {
  const files = indices.flatMap((index) => [
    { path: index.id, ...index.open },
    { path: posix.relative(TOP, debIndexPath(index)), ...index.closed },
  ]);
  const lines = files
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, sha256, size }) => ` ${sha256} ${size} ${path}\n`);
  const { validFor = null, byHash = true } = options;
  const content = [
    `Origin: ${options.origin}\n`,
    `Label: ${options.origin}\n`,
    `Suite: ${SUITE}\n`,
    `Codename: ${SUITE}\n`,
    `Date: ${rfcDate(options.time)}\n`,
    ...(validFor === null ? [] : [`Valid-Until: ${rfcDate(options.time + validFor)}\n`]),
    ...(byHash ? ['Acquire-By-Hash: yes\n'] : []),
    `Architectures: ${options.architectures.join(' ')}\n`,
    `Components: ${componentsOf(indices).join(' ')}\n`,
    `SHA256:\n`,
    ...lines,
  ].join('');
  return { path: `${TOP}/Release`, content };
}

function rfcDate(seconds: number): string {
  return new Date(seconds * 1000).toUTCString().replace('GMT', '+0000');
}

function packagesStanza(entry: IndexEntry, wanted: string, architectures: readonly string[]): string {
  const fragment = entry.fragment.Packages;
  if (fragment === undefined) return '';
  const arch = architectureOf(entry);
  if (arch !== 'all' && !architectures.includes(arch)) throw wrongArchitecture(entry, arch, architectures);
  if (arch !== 'all' && arch !== wanted) return '';
  return `${fragment.replace(/^Filename:$/m, () => `Filename: ${entry.href}`)}\n`;
}

function architectureOf(entry: IndexEntry): string {
  return /^Architecture: (.*)$/m.exec(entry.fragment.Packages ?? '')?.[1] ?? '';
}

function wrongArchitecture(entry: IndexEntry, arch: string, architectures: readonly string[]): TrunklineError {
  return new TrunklineError(
    'package_invalid',
    `${posix.basename(entry.href)} is built for ${arch}, and the target for ${architectures.join(', ')}`,
    { where: entry.href, hint: 'build it for the architecture of the target, or as Architecture: all' },
  );
}

function sourceStanza(entry: IndexEntry): string {
  const fragment = entry.fragment.Sources;
  if (fragment === undefined) return '';
  return `${fragment.replace(/^Directory:$/m, () => `Directory: ${posix.dirname(entry.href)}`)}\n`;
}
