import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { findSnapshot, openDatabase, requireNoDatabase, restoreDatabase, sqliteUrl } from '../../db/index.ts';
import { audit } from '../../events/index.ts';
import {
  describeError,
  fileSystemError,
  run,
  sha256File,
  syncDirectory,
  TEMPORARY,
  TrunklineError,
} from '../../lib/index.ts';
import type { Settings } from '../../model/index.ts';
import { LOCAL_TOKEN, SERVER_ID, takeLock } from '../lock/index.ts';
import { openForWriting, type Trunk } from '../open.ts';
import { copyTree } from './copy.ts';
import { readManifest, type BackupManifest } from './manifest.ts';
import { checkPackages, namesOf, type DamagedFile } from './packages.ts';

export interface RestoreRequest {
  /** What `backUp` made. */
  source: string;
  actor: string;
  report: (what: string) => void;
  signal: AbortSignal;
}

export interface Restored {
  dataDir: string;
  /** When the backup was made, ISO 8601. */
  madeAt: string;
  packages: number;
  /** Packages that are not in the backup as they should be: left out. */
  damaged: readonly DamagedFile[];
  /** Snapshots that exist as files again. */
  materialised: number;
  /** Why refs and snapshots have no files yet; null: they have. */
  unfinished: string | null;
}

/** Where everything is put before it gets its place; what a killed restore leaves. */
const STAGING = `${TEMPORARY}restore`;
/** What may be in a data directory that is to be restored to: what a backup need not have. */
const MAY_BE_THERE = new Set(['lock', 'lock.json', LOCAL_TOKEN, SERVER_ID, 'local', 'roots', STAGING]);

/**
 * Makes an empty data directory, and the database of the configuration, what they were when a backup was made. Every package is read and compared with
 * its digest. The database comes last: before it has its place there is no deployment. Then refs and snapshots get their files.
 * @throws TrunklineError `already_exists` for a data directory or database that is not empty, `store_damaged` for a damaged database,
 * `invalid_argument` for the other engine's, `data_dir_locked`, `no_space`, and as `readManifest`
 */
export async function restore(settings: Settings, request: RestoreRequest): Promise<Restored> {
  const source = resolve(request.source);
  const { dataDir } = settings;
  const manifest = await readManifest(source);
  await requireEmpty(dataDir, manifest);
  await checkDatabase(settings, source, manifest);
  const lock = await takeLock(dataDir);
  const staging = join(dataDir, STAGING);
  let found: { packages: number; damaged: DamagedFile[] };
  // Before the database has its place the rest is nobody's: of a restore that was killed, or of this one when it fails.
  const clear = async () => {
    for (const name of madeOf(manifest)) await rm(join(dataDir, name), { recursive: true, force: true });
  };
  try {
    await clear();
    await rm(staging, { recursive: true, force: true });
    found = await place(settings, { source, staging, manifest }, request);
  } catch (error) {
    await clear();
    throw fileSystemError(error, dataDir);
  } finally {
    await rm(staging, { recursive: true, force: true });
    await lock.release();
  }
  const finished = await finish(settings, manifest, request);
  return { dataDir, madeAt: manifest.madeAt, ...found, ...finished };
}

async function checkDatabase({ database, file }: Settings, source: string, manifest: BackupManifest): Promise<void> {
  const { engine, file: name, sha256 } = manifest.database;
  if (engine !== database.kind)
    throw new TrunklineError('invalid_argument', `The backup is of a ${engine} database, not of ${database.kind}`, {
      where: file,
      hint: 'name a database of that kind in the configuration',
    });
  const path = join(source, name);
  if ((await sha256File(path).catch(() => null)) !== sha256)
    throw new TrunklineError('store_damaged', 'The database in the backup is damaged or missing', {
      where: path,
      hint: 'take an earlier backup',
    });
  await requireNoDatabase(database);
}

/** What a restore of this backup makes in the data directory, besides the database. */
const madeOf = ({ keys }: BackupManifest): string[] => ['repos', 'logs', ...(keys ? ['keys'] : [])];

async function requireEmpty(dataDir: string, manifest: BackupManifest): Promise<void> {
  const names = await namesOf(dataDir);
  const killed = names.includes(STAGING) ? madeOf(manifest) : [];
  const mayBeThere = new Set([...MAY_BE_THERE, ...killed, ...(manifest.keys ? [] : ['keys'])]);
  const other = names.filter((name) => !mayBeThere.has(name));
  if (other.length === 0) return;
  throw new TrunklineError(
    'already_exists',
    `The data directory is not empty: there is ${other.slice(0, 3).join(', ')}`,
    {
      where: dataDir,
      hint: 'a backup is restored to an empty data_dir: name another one in the configuration, or move that one away',
    },
  );
}

interface Places {
  source: string;
  staging: string;
  manifest: BackupManifest;
}

async function place(settings: Settings, { source, staging, manifest }: Places, { report, signal }: RestoreRequest) {
  const { dataDir, database } = settings;
  await mkdir(staging);
  report('files');
  // Copies: what happens to a backup shall not happen to what was restored from it.
  const copy = { how: () => 'copy' as const, signal };
  await mkdir(join(staging, 'repos'));
  for (const name of ['repos', 'logs']) await copyTree(join(source, name), join(staging, name), copy);
  if (manifest.keys) {
    await copyTree(join(source, 'keys'), join(staging, 'keys'), { ...copy, mode: 0o700 });
    await chmod(join(staging, 'keys'), 0o700);
  }
  const dump = join(source, manifest.database.file);
  if (database.kind === 'postgres') await restoreDatabase(database, dump, signal);
  const db = await openDatabase({
    url: database.kind === 'postgres' ? database.url : sqliteUrl(dump),
    mode: 'read',
  });
  let found;
  try {
    found = await checkPackages(db, { directory: staging, report, signal });
  } finally {
    await db.close();
  }
  // One of the right size in its place would be taken for the right one.
  for (const { file } of found.damaged) await rm(join(staging, file), { force: true });
  await run(['sync', '--file-system', staging], { signal });
  for (const name of await namesOf(staging)) await rename(join(staging, name), join(dataDir, name));
  await syncDirectory(dataDir);
  if (database.kind === 'sqlite') await restoreDatabase(database, dump, signal);
  return found;
}

/** What every start does (refs get their files), and the snapshots that existed as files. Where it cannot be done now, the next start does the first. */
async function finish(
  settings: Settings,
  manifest: BackupManifest,
  { actor, report, signal }: RestoreRequest,
): Promise<Pick<Restored, 'materialised' | 'unfinished'>> {
  report('refs');
  let trunk: Trunk;
  try {
    trunk = await openForWriting(settings);
  } catch (error) {
    return { materialised: 0, unfinished: describeError(error) };
  }
  try {
    const { context } = trunk;
    const why = { actor, action: 'restore' as const, subject: 'data_dir', reason: `backup of ${manifest.madeAt}` };
    await audit(context.db, why, context.now());
    return await materialise(trunk, manifest, signal);
  } finally {
    await trunk.close();
  }
}

async function materialise(
  { context }: Trunk,
  manifest: BackupManifest,
  signal: AbortSignal,
): Promise<Pick<Restored, 'materialised' | 'unfinished'>> {
  let materialised = 0;
  const failures: string[] = [];
  for (const target of context.settings.targets)
    for (const hash of manifest.materialised[target.name] ?? []) {
      signal.throwIfAborted();
      const known = await findSnapshot(context.db, target.name, hash);
      const time = known?.goneAt === null ? known.indexTime : null;
      if (time === null) continue;
      try {
        await context.repository(target).materialise(hash, time);
        materialised += 1;
      } catch (error) {
        failures.push(describeError(error));
      }
    }
  return { materialised, unfinished: failures[0] ?? null };
}
