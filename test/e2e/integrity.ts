import type { Stats } from 'node:fs';
import { lstat, readdir, readFile, readlink, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { sha256, sha256File } from '../../src/lib/index.ts';
import { pathsBelow } from './paths.ts';
import { repositoryOf, withLists, type Place, type PublishedEntry } from './published.ts';

/** Snapshots whose files were read, what these were like then, and the packages they name: one that has not changed since need not be read again. */
const known = new Map<string, { state: string; packages: readonly NamedFile[] }>();
/** Packages whose bytes were read: what the file was like then. */
const right = new Map<string, string>();

interface NamedFile {
  file: string;
  digest: string;
}

/**
 * Everything of a target's repository that a client could come across: the list of every snapshot is what its name says, its index lists the same,
 * every file that an index names is there with the digest that it says, and every link of a ref and of a build directory leads to such a snapshot.
 * Answers how many snapshots there are.
 */
export async function checkRepository(deployment: Place, target: string): Promise<number> {
  const top = repositoryOf(deployment, target);
  const snapshots = (await readdir(join(top, 'snapshots')).catch(() => [])).filter((name) => !name.startsWith('.tmp-'));
  await withLists(deployment, async (list) => {
    for (const name of snapshots) await checkSnapshot(join(top, 'snapshots', name), await list(name));
  });
  await checkLinks(top, new Set(snapshots));
  return snapshots.length;
}

async function checkSnapshot(directory: string, listed: readonly PublishedEntry[]): Promise<void> {
  const state = await stateBelow(directory);
  const before = known.get(directory);
  const packages = before?.state === state ? before.packages : await readSnapshot(directory);
  known.set(directory, { state, packages });
  expect(packages.map(({ digest }) => digest).sort()).toEqual(listed.map((one) => one.sha256).sort());
  for (const { file, digest } of packages) {
    const now = `${digest} ${stateOf(await stat(file))}`;
    if (right.get(file) !== now) expect({ file, digest: await sha256File(file) }).toEqual({ file, digest });
    right.set(file, now);
  }
}

async function readSnapshot(directory: string): Promise<NamedFile[]> {
  const isRpm = await stat(join(directory, 'repodata')).catch(() => undefined);
  const indexed = await (isRpm ? indexedByDnf(directory) : indexedByApt(directory));
  return Promise.all(
    indexed.map(async ({ path, sha256: digest }) => ({ file: await realpath(join(directory, path)), digest })),
  );
}

/** What changes when a file is written, exchanged or cut; how often it is linked does not count. */
function stateOf({ ino, size, mtimeMs }: Stats): string {
  return [ino, size, mtimeMs].join(' ');
}

async function stateBelow(directory: string): Promise<string> {
  const names = (await pathsBelow(directory)).sort();
  const states = names.map(async (name) => `${name} ${stateOf(await lstat(join(directory, name)))}`);
  return (await Promise.all(states)).join('\n');
}

interface Indexed {
  /** Relative to the repository's top. */
  path: string;
  sha256: string;
}

async function indexedByDnf(directory: string): Promise<Indexed[]> {
  const repomd = await readFile(join(directory, 'repodata/repomd.xml'), 'utf8');
  const found: Indexed[] = [];
  for (const [, kind = '', body = ''] of repomd.matchAll(/<data type="([a-z_]+)">(.*?)<\/data>/gs)) {
    const path = /<location href="([^"]+)"/.exec(body)?.[1] ?? '';
    const bytes = await readFile(join(directory, path));
    expect({ path, digest: sha256(bytes) }).toEqual({ path, digest: /<checksum type="sha256">(\w+)</.exec(body)?.[1] });
    const opened = path.endsWith('.gz') ? gunzipSync(bytes) : bytes;
    expect(sha256(opened)).toBe(/<open-checksum type="sha256">(\w+)</.exec(body)?.[1]);
    if (kind !== 'primary') continue;
    const text = opened.toString('utf8');
    for (const [, one = ''] of text.matchAll(/<package type="rpm">(.*?)<\/package>/gs))
      found.push({
        path: (/<location href="([^"]+)"/.exec(one)?.[1] ?? '').replaceAll('&amp;', '&'),
        sha256: /<checksum type="sha256" pkgid="YES">(\w+)</.exec(one)?.[1] ?? '',
      });
    expect(text).toContain(`packages="${found.length}"`);
  }
  return found;
}

async function indexedByApt(directory: string): Promise<Indexed[]> {
  const suite = join(directory, 'dists/trunk');
  const release = await readFile(join(suite, 'Release'), 'utf8');
  const found: Indexed[] = [];
  for (const [, digest, size, path = ''] of release.matchAll(/^ ([0-9a-f]{64}) +(\d+) (\S+)$/gm)) {
    const closed = await readFile(join(suite, path.endsWith('.gz') ? path : `${path}.gz`));
    const bytes = path.endsWith('.gz') ? closed : gunzipSync(closed);
    expect({ path, digest: sha256(bytes), size: bytes.length }).toEqual({ path, digest, size: Number(size) });
    if (path.endsWith('.gz'))
      expect(await sha256File(join(suite, dirname(path), 'by-hash/SHA256', digest ?? ''))).toBe(digest);
    else if (/\/(Packages|Sources)$/.test(path)) {
      const stanzas = bytes.toString('utf8');
      found.push(...(path.endsWith('Sources') ? sources(stanzas) : packages(stanzas)));
    }
  }
  return found;
}

function packages(text: string): Indexed[] {
  const field = (stanza: string, name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1] ?? '';
  const stanzas = text.split('\n\n').filter((stanza) => stanza.trim() !== '');
  return stanzas.map((stanza) => ({ path: field(stanza, 'Filename'), sha256: field(stanza, 'SHA256') }));
}

/** The dsc files; what they name lies beside them. */
function sources(text: string): Indexed[] {
  return text
    .split('\n\n')
    .filter((stanza) => stanza.trim() !== '')
    .map((stanza) => {
      const directory = /^Directory: (.*)$/m.exec(stanza)?.[1] ?? '';
      const [, digest = '', name = ''] =
        /^Checksums-Sha256:\n(?: .*\n)*? ([0-9a-f]{64}) \d+ (\S+\.dsc)$/m.exec(stanza) ?? [];
      return { path: join(directory, name), sha256: digest };
    });
}

async function checkLinks(top: string, snapshots: ReadonlySet<string>): Promise<void> {
  const entries = await readdir(top, { recursive: true, withFileTypes: true }).catch(() => []);
  // What is being made has another name, and links that are right where it will lie.
  const visible = entries.filter((one) => !join(one.parentPath, one.name).includes('/.tmp-'));
  for (const entry of visible.filter((one) => one.isSymbolicLink())) {
    const link = join(entry.parentPath, entry.name);
    const leadsTo = join(dirname(link), await readlink(link));
    expect(await stat(leadsTo).catch(() => `${link} leads nowhere`)).toBeTypeOf('object');
    const snapshot = /\/snapshots\/([^/]+)/.exec(leadsTo)?.[1];
    if (snapshot !== undefined) expect(snapshots).toContain(snapshot);
  }
}
