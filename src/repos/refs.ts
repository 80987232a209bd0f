import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { lstat, readFile, readlink, rm } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import {
  allEnded,
  errnoOf,
  fileSystemError,
  openLastingFiles,
  replaceLink,
  syncDirectory,
  TrunklineError,
  writeAtomic,
} from '../lib/index.ts';
import type { PackageFormat, Signer } from '../model/index.ts';
import type { IndexRecord } from './assembly/index.ts';
import { checkHash, checkRefName, KEY_FILE, linkTarget, type Layout } from './layout.ts';
import { armoredKeys, signedFiles } from './sign.ts';
import { snapshotIndices, type SnapshotMaker } from './snapshots.ts';

/** What a ref and its client files are made from. */
export interface RefMaker extends SnapshotMaker {
  /** The URL of the repository's directory. */
  url: string;
  target: string;
  /** Seconds for which a client of a ref may believe its index, or null (apt's Valid-Until). */
  validFor: number | null;
}

/**
 * Seconds that a ref's index may be dated ahead of the clock, as it is dated a second later with each move. apt takes one of ten seconds
 * (Acquire::Max-FutureTime) for not valid yet; so whoever moves a ref more often than that waits.
 */
const MAX_AHEAD = 5;

/** What a ref's own directory says of itself, where the format has one. */
const RECORD = 'ref.json';
const recordSchema = z.object({
  snapshot: z.string(),
  time: z.int(),
  keys: z.array(z.string()),
  /** Records of before do not say it. */
  validFor: z.int().nullable().optional(),
});
type RefRecord = z.infer<typeof recordSchema>;

/** The snapshot a ref points at, or null. */
export async function readRef(layout: Layout, name: string): Promise<string | null> {
  const target = await readlink(join(layout.directory, checkRefName(name))).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'EINVAL') return '';
    throw error;
  });
  const direct = /^snapshots\/([0-9a-f]{64})$/.exec(target)?.[1];
  return direct ?? (await readRecord(join(layout.directory, target)))?.snapshot ?? null;
}

/**
 * Points a ref at a snapshot in one step, then says so in `<name>.mirrorlist`: a dnf client that asks it stays on one snapshot for a whole
 * transaction, where one with `baseurl=…/<name>` may see half of each. apt has no such thing: for it a ref has an index file of its own, dated later
 * than the one before wherever it moves, and finds everything that file names by digest (DESIGN 3). `now` is in seconds.
 * @throws TrunklineError `not_found` for a snapshot that does not exist as files
 */
export async function moveRef(maker: RefMaker, name: string, hash: string, now: number): Promise<void> {
  const { layout } = maker;
  const place = join(layout.directory, checkRefName(name));
  const indices = await snapshotIndices(layout, checkHash(hash));
  if (indices === null)
    throw new TrunklineError('not_found', `There is no snapshot ${hash} for the ref ${name} to point at`, {
      where: place,
      hint: 'write the snapshot first',
    });
  try {
    await publishKeys(maker);
    await signAgain(maker, hash, indices);
    let removeOld: (() => void) | undefined;
    if (maker.format.layout.byHash !== null) removeOld = await moveOwnIndex(maker, name, hash, indices, now);
    else await replaceLink(place, `snapshots/${hash}`, { durable: false });
    const mirrorlist = { fileName: `${name}.mirrorlist`, content: `${maker.url}/snapshots/${hash}/\n` };
    const files = [mirrorlist, ...(await clientFilesOf(maker, name, indices))];
    await allEnded(files.map((file) => writeChanged(join(layout.directory, file.fileName), file.content)));
    await syncDirectory(layout.directory);
    // Not before the link to what follows it lasts.
    removeOld?.();
  } catch (error) {
    throw fileSystemError(error, place);
  }
}

/** Takes a ref away; its snapshot stays. The link goes after what leads to it, so that as long as it is there something is left to do. */
export async function removeRef(maker: RefMaker, name: string): Promise<void> {
  const { layout } = maker;
  const place = join(layout.directory, checkRefName(name));
  const clientFiles = refClientFiles({ ...maker, keys: null, components: [] }, name).map((file) => file.fileName);
  try {
    for (const one of [`${name}.mirrorlist`, ...clientFiles]) await rm(join(layout.directory, one), { force: true });
    await syncDirectory(layout.directory);
    await rm(place, { force: true });
    await rm(join(layout.refs, name), { recursive: true, force: true });
    await syncDirectory(layout.directory);
  } catch (error) {
    throw fileSystemError(error, place);
  }
}

/** Whether anything of a ref is on disk. */
export async function isRefThere(layout: Layout, name: string): Promise<boolean> {
  const places = [join(layout.directory, checkRefName(name)), join(layout.refs, name)];
  const found = await Promise.all(places.map((place) => lstat(place).catch(() => null)));
  return found.some((one) => one !== null);
}

/** Whether something has to be signed so that a ref can point at a snapshot: its own index, or a snapshot that has no files yet or other keys than today's. */
export async function mustSign(maker: RefMaker, hash: string): Promise<boolean> {
  if (maker.signer === null) return false;
  if (maker.format.layout.byHash !== null) return true;
  const indices = await snapshotIndices(maker.layout, checkHash(hash));
  return indices === null || (await otherKeys(maker, maker.signer, hash, indices)) !== null;
}

/**
 * Gives a snapshot that a ref points at the signature of today's keys, where it was written with others or none. What it says stays; whoever has the
 * index file goes on with either signature while both keys are trusted.
 */
async function signAgain(maker: RefMaker, hash: string, indices: IndexRecord): Promise<void> {
  const { layout, format, signer, origin, architectures } = maker;
  const saying = signer && (await otherKeys(maker, signer, hash, indices));
  if (saying === null) return;
  const directory = join(layout.snapshots, hash);
  const first = format.indexOfIndices(indices.indices, { time: indices.time, architectures, origin });
  for (const file of await signedFiles(maker, first)) await writeAtomic(join(directory, file.path), file.content);
  for (const file of saying) await writeAtomic(join(directory, file.fileName), file.content);
}

/** The files of a snapshot that say today's keys; null where those beside it do. */
async function otherKeys(
  maker: RefMaker,
  signer: Signer,
  hash: string,
  indices: IndexRecord,
): Promise<readonly { fileName: string; content: string }[] | null> {
  const { layout, format } = maker;
  const { keyPath } = format.layout;
  // Where the format has no place for the keys, client files have them in themselves.
  const saying =
    keyPath === null
      ? await snapshotClientFiles(maker, hash, format.componentsOf(indices.indices))
      : [{ fileName: keyPath, content: await armoredKeys(signer) }];
  const said = ({ fileName, content }: { fileName: string; content: string }) =>
    content === textAt(join(layout.snapshots, hash, fileName));
  return saying.every(said) ? null : saying;
}

/**
 * Writes the ref's next directory, to which nothing leads, and swaps the link to it; answers what removes the one before. Nothing happens where all is
 * as it should be.
 */
async function moveOwnIndex(
  maker: RefMaker,
  name: string,
  hash: string,
  indices: IndexRecord,
  now: number,
): Promise<(() => void) | undefined> {
  const { layout, validFor } = maker;
  const link = join(layout.directory, name);
  const old = await readlink(link).catch(() => '');
  const before = await readRecord(join(layout.directory, old));
  const keys = maker.signer === null ? [] : (await maker.signer.publicKeys()).map((key) => key.fingerprint);
  const same = before?.snapshot === hash && before.keys.join() === keys.join() && !isStale(maker, before, now);
  if (same && says(join(layout.directory, old), maker, indices, before.time)) return undefined;
  const time = Math.max(now, indices.time, (before?.time ?? 0) + 1);
  if (time > now + MAX_AHEAD) await delay(1000);
  const serial = String((Number(posix.basename(old)) || 0) + 1);
  const top = join(layout.refs, name);
  const next = join(top, serial);
  // What was begun and not ended.
  rmSync(next, { recursive: true, force: true });
  await fillOwnIndex(maker, next, { hash, indices, record: { snapshot: hash, time, keys, validFor } });
  await replaceLink(link, linkTarget(link, next), { durable: false });
  return () => {
    for (const other of readdirSync(top))
      if (other !== serial) rmSync(join(top, other), { recursive: true, force: true });
  };
}

/** The ref's own first file with its signatures; everything else is a link into the snapshot. All of it lasts. */
async function fillOwnIndex(
  maker: RefMaker,
  directory: string,
  { hash, indices, record }: { hash: string; indices: IndexRecord; record: RefRecord },
): Promise<void> {
  const { layout, format, origin, architectures, validFor } = maker;
  const first = format.indexOfIndices(indices.indices, { time: record.time, architectures, origin, validFor });
  const signed = await signedFiles(maker, first);
  const top = dirname(first.path);
  const snapshot = join(layout.snapshots, hash, top);
  const there = readdirSync(snapshot);
  mkdirSync(join(directory, top), { recursive: true });
  const own = new Set([first, ...format.layout.signatures(first.path)].map((file) => posix.basename(file.path)));
  const links = there.filter((name) => !own.has(name)).map((name) => [join(top, name), join(snapshot, name)] as const);
  const files = [first, ...signed, { path: RECORD, content: `${JSON.stringify(record)}\n` }];
  using lasting = openLastingFiles(record.time);
  for (const file of files) await lasting.write(join(directory, file.path), [file.content]);
  for (const [name, to] of [['pool', layout.pool] as const, ...links])
    symlinkSync(linkTarget(join(directory, name), to), join(directory, name));
  await allEnded([lasting.settle(directory), syncDirectory(dirname(directory)), syncDirectory(layout.refs)]);
}

/** Whether a ref's own first file is about these index files: those of a snapshot that was made again may be others. */
function says(own: string, maker: RefMaker, { indices }: IndexRecord, time: number): boolean {
  const { format, origin, architectures, validFor } = maker;
  const first = format.indexOfIndices(indices, { time, architectures, origin, validFor });
  return textAt(join(own, first.path)) === first.content;
}

/** Whether a client would soon stop believing a ref's index, or does so at another time than is configured by now. */
function isStale({ validFor }: RefMaker, record: RefRecord, now: number): boolean {
  if ((record.validFor ?? null) !== validFor) return true;
  return validFor !== null && now - record.time > validFor / 2;
}

/** When clients of a ref stop believing its index, in seconds since the epoch; null: never, or there is no such ref. */
export async function validUntil({ layout, validFor }: RefMaker, name: string): Promise<number | null> {
  const record = await readRecord(join(layout.directory, checkRefName(name)));
  const lasts = record?.validFor === undefined ? validFor : record.validFor;
  return record === null || lasts === null ? null : record.time + lasts;
}

async function readRecord(directory: string): Promise<RefRecord | null> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(join(directory, RECORD), 'utf8')));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return null;
    throw error;
  }
}

async function publishKeys({ layout, signer }: RefMaker): Promise<void> {
  if (signer !== null) await writeChanged(join(layout.directory, KEY_FILE), await armoredKeys(signer));
}

async function clientFilesOf(maker: RefMaker, name: string, { indices }: IndexRecord) {
  const components = maker.format.componentsOf(indices);
  return refClientFiles({ ...maker, components, keys: await clientKeys(maker) }, name);
}

/**
 * The files with which a user follows a ref, beside it; those inside the snapshot name the snapshot. `components` are those of the snapshot it points
 * at, which may be older than the target's: apt warns of one that is not there.
 */
export function refClientFiles(
  at: Pick<RefMaker, 'format' | 'url' | 'origin' | 'target'> & {
    keys: Parameters<PackageFormat['clientFiles']>[0]['keys'];
    components: readonly string[];
  },
  name: string,
) {
  const { format, url, origin, target, components } = at;
  return format.clientFiles({
    name: name === 'current' ? origin : `${origin}-${name}`,
    url: `${url}/${name}/`,
    description: `Trunkline packages of ${target}, ${name}`,
    mirrorlist: `${url}/${name}.mirrorlist`,
    ...{ origin, components },
    keys: at.keys ?? null,
  });
}

/** The files with which a user stays with a snapshot of these components, in it. */
export async function snapshotClientFiles(maker: RefMaker, hash: string, components: readonly string[]) {
  const { format, url, origin, target } = maker;
  const description = `Trunkline packages of ${target}, snapshot ${hash.slice(0, 12)}`;
  const keys = await clientKeys(maker);
  const at = { name: origin, url: `${url}/snapshots/${hash}/`, description, origin, components };
  return format.clientFiles({ ...at, keys });
}

/** What client files say of the keys. */
export async function clientKeys({ signer, url }: Pick<RefMaker, 'signer' | 'url'>) {
  return signer === null ? null : { url: `${url}/${KEY_FILE}`, armored: await armoredKeys(signer) };
}

/** Lasts when its directory is settled. */
async function writeChanged(path: string, content: string): Promise<void> {
  if (textAt(path) !== content) await writeAtomic(path, content, { durable: 'content' });
}

function textAt(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
