import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { sha256, TrunklineError } from '../../../lib/index.ts';
import type { IndexEntry, IndexOptions } from '../../../model/index.ts';

const compress = promisify(gzip);
/** Constant, as apt refuses a repository whose Suite or Codename changes. */
export const SUITE = 'trunk';
export const COMPONENT = 'main';

interface IndexFile {
  /** Relative to `dists/trunk`. */
  path: string;
  content: Buffer;
}

/**
 * Writes `dists/trunk/`: Release, and Packages and Sources both plain and gzipped (Release must list the plain ones in any case). `all` packages
 * stand in every architecture's Packages, and Release does not list `all`, so apt asks for no binary-all.
 * @throws TrunklineError `package_invalid` for a package of an architecture that is not the target's.
 */
export async function writeDebIndex(
  directory: string,
  entries: readonly IndexEntry[],
  options: IndexOptions,
): Promise<void> {
  const suite = join(directory, 'dists', SUITE);
  const texts = [
    ...packagesTexts(entries, options.architectures),
    { path: `${COMPONENT}/source/Sources`, text: entries.map(sourceStanza).join('') },
  ];
  const files = (await Promise.all(texts.map(({ path, text }) => plainAndGzipped(path, text)))).flat();
  await Promise.all(files.map((file) => mkdir(dirname(join(suite, file.path)), { recursive: true })));
  await Promise.all(files.map((file) => writeFile(join(suite, file.path), file.content)));
  await writeFile(join(suite, 'Release'), release(files, options));
}

function packagesTexts(
  entries: readonly IndexEntry[],
  architectures: readonly string[],
): { path: string; text: string }[] {
  const stanzas = new Map(architectures.map((arch) => [arch, [] as string[]]));
  for (const entry of entries) {
    const fragment = entry.fragment.Packages;
    if (fragment === undefined) continue;
    const stanza = `${fragment.replace(/^Filename:$/m, () => `Filename: ${entry.href}`)}\n`;
    const arch = /^Architecture: (.*)$/m.exec(fragment)?.[1] ?? '';
    const lists = arch === 'all' ? [...stanzas.values()] : [stanzas.get(arch)];
    for (const list of lists) {
      if (list === undefined) throw wrongArchitecture(entry, arch, architectures);
      list.push(stanza);
    }
  }
  return [...stanzas].map(([arch, list]) => ({ path: `${COMPONENT}/binary-${arch}/Packages`, text: list.join('') }));
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

async function plainAndGzipped(path: string, text: string): Promise<IndexFile[]> {
  const content = Buffer.from(text);
  return [
    { path, content },
    { path: `${path}.gz`, content: await compress(content) },
  ];
}

function release(files: readonly IndexFile[], options: IndexOptions): string {
  const lines = [...files]
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, content }) => ` ${sha256(content)} ${content.length} ${path}\n`);
  return [
    `Origin: ${options.origin}\n`,
    `Label: ${options.origin}\n`,
    `Suite: ${SUITE}\n`,
    `Codename: ${SUITE}\n`,
    `Date: ${new Date(options.time * 1000).toUTCString().replace('GMT', '+0000')}\n`,
    `Architectures: ${options.architectures.join(' ')}\n`,
    `Components: ${COMPONENT}\n`,
    `SHA256:\n`,
    ...lines,
  ].join('');
}
