import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { dirname, join, posix, relative } from 'node:path';
import { errnoOf, sha256, TrunklineError } from '../../lib/index.ts';
import type { PackageFormat } from '../../model/index.ts';
import { readIndices, type IndexRecord } from '../assembly/index.ts';
import { KEY_FILE, layoutOf } from '../layout.ts';
import { refClientFiles } from '../refs.ts';
import type { Repository } from '../repository.ts';
import { snapshotDirectory } from '../snapshots.ts';

/** A repository of which refs are mirrored. */
export interface ExportedTarget {
  name: string;
  repository: Repository;
  /** `<data_dir>/repos/<target>`. */
  directory: string;
  format: PackageFormat;
  refs: readonly string[];
  /** The URL of the mirror's directory of this target, for its client files. */
  url: string;
}

/** A file or link of the mirror that is written for it, and not copied. */
export type OwnFile = { path: string } & ({ content: Uint8Array } | { link: string });

/** What a mirror of a target consists of; paths below the target's directory. In this order it may appear, and nothing is ever seen that lacks a part. */
export interface ExportPlan {
  /** Packages, then index files by digest: named by their content. */
  packages: readonly string[];
  digests: readonly string[];
  /** Snapshots: all their files; those in `first` name the others. */
  snapshots: readonly { hash: string; files: readonly string[]; first: readonly string[] }[];
  /** The refs' own directories, client files inside snapshots, the keys. */
  beside: readonly OwnFile[];
  /** Links and mirrorlists by which clients find all that. */
  refs: readonly OwnFile[];
}

/**
 * Looks at the refs of a target as they are now; whatever moves later is not part of it.
 * @throws TrunklineError `not_found` for a ref that is not there; `store_damaged` for a package that is not
 */
export async function planExport(target: ExportedTarget): Promise<ExportPlan> {
  const { repository, format, directory } = target;
  const [beside, refs] = [new Map<string, OwnFile>(), new Map<string, OwnFile>()];
  const hashes = new Set<string>();
  const keys = await readFile(join(directory, KEY_FILE), 'utf8').catch(() => null);
  const client = { url: target.url, keys: keys === null ? null : { url: `${target.url}/${KEY_FILE}`, armored: keys } };
  const put = (into: Map<string, OwnFile>, file: OwnFile) => into.set(file.path, file);
  if (keys !== null) put(beside, { path: KEY_FILE, content: Buffer.from(keys) });
  for (const name of target.refs) {
    const { hash, link, own } = await readRefNow(target, name);
    hashes.add(hash);
    for (const file of own) put(beside, file);
    put(refs, { path: name, link });
    put(refs, { path: `${name}.mirrorlist`, content: Buffer.from(`${target.url}/snapshots/${hash}/\n`) });
    const { origin } = repository;
    const components = format.componentsOf((await recordOf(target, hash)).indices);
    for (const file of refClientFiles({ ...client, format, origin, components, target: target.name }, name))
      put(refs, { path: file.fileName, content: Buffer.from(file.content) });
  }
  const snapshots = await Promise.all([...hashes].map((hash) => planSnapshot(target, hash)));
  for (const { hash, components } of snapshots)
    for (const file of snapshotClientFiles(target, { keys: client.keys, components }, hash)) put(beside, file);
  return {
    packages: await poolFiles(target, [...hashes]),
    digests: [...new Set(snapshots.flatMap(({ digests }) => digests))],
    snapshots,
    beside: [...beside.values()],
    refs: [...refs.values()],
  };
}

function snapshotClientFiles(
  { format, repository, name, url }: ExportedTarget,
  { keys, components }: Required<Pick<Parameters<PackageFormat['clientFiles']>[0], 'keys' | 'components'>>,
  hash: string,
): OwnFile[] {
  const { origin } = repository;
  const description = `Trunkline packages of ${name}, snapshot ${hash.slice(0, 12)}`;
  const at = { name: origin, url: `${url}/snapshots/${hash}/`, description, origin, keys, components };
  return format
    .clientFiles(at)
    .map(({ fileName, content }) => ({ path: `snapshots/${hash}/${fileName}`, content: Buffer.from(content) }));
}

interface RefNow {
  hash: string;
  link: string;
  /** The files of its own directory, where the format has one. */
  own: OwnFile[];
}

/** Read again when it moves meanwhile: its own directory goes with the move. */
async function readRefNow(target: ExportedTarget, name: string): Promise<RefNow> {
  for (let tries = 0; tries < 20; tries += 1) {
    const hash = await target.repository.readRef(name);
    const link = await readlink(join(target.directory, name)).catch(() => null);
    if (hash === null || link === null) break;
    if (target.format.layout.byHash === null) return { hash, link: `snapshots/${hash}`, own: [] };
    const read = await readOwn(target.directory, link).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return null;
      throw error;
    });
    const still = await readlink(join(target.directory, name)).catch(() => null);
    if (read === null || still !== link) continue;
    // Named by its content: a number that was given out again would be another directory.
    const digest = sha256(read.map((file) => ('content' in file ? sha256(file.content) : file.link)).join('\n'));
    const place = `${link}-${digest.slice(0, 12)}`;
    return { hash, link: place, own: read.map((file) => ({ ...file, path: posix.join(place, file.path) })) };
  }
  throw new TrunklineError('not_found', `${target.name} has no ref ${name}`, { hint: 'trunkline ref list shows them' });
}

async function readOwn(directory: string, link: string): Promise<OwnFile[]> {
  const paths = await filesBelow(join(directory, link));
  return Promise.all(
    paths.map(async (path): Promise<OwnFile> => {
      const at = join(directory, link, path);
      return (await lstat(at)).isSymbolicLink()
        ? { path, link: await readlink(at) }
        : { path, content: await readFile(at) };
    }),
  );
}

async function recordOf({ directory, name }: ExportedTarget, hash: string): Promise<IndexRecord> {
  const record = await readIndices(snapshotDirectory(layoutOf(directory), hash));
  if (record !== null) return record;
  throw new TrunklineError('not_found', `Snapshot ${hash} of ${name} does not exist as files`, {
    hint: 'it was removed meanwhile: export again',
  });
}

async function planSnapshot(target: ExportedTarget, hash: string) {
  const { directory, format, name } = target;
  const layout = layoutOf(directory);
  const top = snapshotDirectory(layout, hash);
  const record = await recordOf(target, hash);
  const files = (await filesBelow(top)).map((path) => posix.join('snapshots', hash, path));
  const index = format.indexOfIndices(record.indices, { time: record.time, architectures: [], origin: name }).path;
  const named = [index, ...format.layout.signatures(index).map(({ path }) => path)];
  const first = named.map((path) => posix.join('snapshots', hash, path)).filter((path) => files.includes(path));
  const digests: string[] =
    format.layout.byHash === null
      ? []
      : record.indices.map(({ closed }) => posix.join(relative(directory, layout.byHash), closed.sha256));
  return { hash, files, first, digests, components: format.componentsOf(record.indices) };
}

/** Each package of the snapshots with what lies beside it (the files that a dsc names). */
async function poolFiles(target: ExportedTarget, hashes: readonly string[]): Promise<string[]> {
  const { directory, repository } = target;
  const files = new Set<string>();
  for (const hash of hashes)
    for (const one of (await repository.readSnapshot(hash)).packages) {
      const path = repository.pathOf(one);
      const place = relative(directory, dirname(path));
      const names = await readdir(dirname(path)).catch((): string[] => []);
      if (!names.includes(one.fileName))
        throw new TrunklineError('store_damaged', `${one.fullName} is not in the pool of ${target.name}`, {
          where: path,
          hint: `nothing that clients see was changed; trunkline repo verify ${target.name} says what is wrong`,
        });
      for (const name of names.filter((each) => !each.startsWith('.'))) files.add(posix.join(place, name));
    }
  return [...files];
}

/** Files and links below a directory; links are not followed. */
async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();
}
