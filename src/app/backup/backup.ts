import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { dumpDatabase, listUnfinishedAttempts, sqliteUrl, type DbOrTx } from '../../db/index.ts';
import {
  fileSystemError,
  programVersion,
  run,
  sha256File,
  syncDirectory,
  temporaryBeside,
  TrunklineError,
} from '../../lib/index.ts';
import type { Settings } from '../../model/index.ts';
import { copyTree, putFile, type How } from './copy.ts';
import { CONFIGURATION, MANIFEST, newManifest } from './manifest.ts';
import { areStored, namesOf, putPackages, type DamagedFile } from './packages.ts';

export interface BackupRequest {
  /** A directory that is not there yet. */
  destination: string;
  /** Whether the secret parts of Trunkline's own signing keys are put in. */
  withKeys: boolean;
  report: (what: string) => void;
  signal: AbortSignal;
}

export interface Backup {
  directory: string;
  packages: number;
  /** Logs, directories of builds, index entries. */
  files: number;
  keys: boolean;
  /** Files that the configuration names and that are not in the backup. */
  named: readonly string[];
  /** Packages that the database names and that were not there: not in the backup. */
  damaged: readonly DamagedFile[];
}

/** How often the database is taken again because the garbage collector removed what it named. */
const ROUNDS = 5;
/** Milliseconds that a file system's time may be behind ours. */
const COARSE = 5000;

/** The address of a deployment's database, as `openDatabase` takes it. */
export const databaseUrl = ({ database }: Pick<Settings, 'database'>): string =>
  database.kind === 'sqlite' ? sqliteUrl(database.path) : database.url;

/**
 * Makes a backup of a deployment, beside whatever goes on in it: reads only, and takes no lock. The database comes first, then what it names. Files are
 * never changed, so that links to them do; only the garbage collector removes any, and says so in the database first: then the database is taken again.
 * The directory gets its name when it is whole.
 * @throws TrunklineError `already_exists`, `invalid_argument` for a place in the data directory, `no_space`, as `dumpDatabase`
 */
export async function backUp(settings: Settings, request: BackupRequest): Promise<Backup> {
  const directory = await freePlace(settings, request.destination);
  const staging = temporaryBeside(directory);
  try {
    await mkdir(dirname(directory), { recursive: true });
    await mkdir(staging, { mode: 0o700 });
    const backup = await fill(settings, staging, request);
    await run(['sync', '--file-system', staging], { signal: request.signal });
    await rename(staging, directory);
    await syncDirectory(dirname(directory));
    return { directory, ...backup };
  } catch (error) {
    throw fileSystemError(error, directory);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function freePlace({ dataDir }: Settings, destination: string): Promise<string> {
  const directory = resolve(destination);
  if (`${directory}/`.startsWith(`${dataDir}/`))
    throw new TrunklineError('invalid_argument', 'A backup in the data directory goes with it', {
      where: directory,
      hint: 'name a place elsewhere',
    });
  if ((await stat(directory).catch(() => null)) === null) return directory;
  throw new TrunklineError('already_exists', `${directory} is there already`, {
    where: directory,
    hint: 'a backup is a directory of its own: name one that is not there, with the date for example',
  });
}

async function fill(settings: Settings, to: string, request: BackupRequest): Promise<Omit<Backup, 'directory'>> {
  const { dataDir, database } = settings;
  const file = database.kind === 'sqlite' ? 'database.sqlite' : 'database.dump';
  const began = Date.now();
  const { packages, damaged, growing } = await takeDatabase(settings, join(to, file), to, request);
  const how = (path: string, { mtimeMs }: { mtimeMs: number }): How =>
    mtimeMs < began - COARSE && !growing.has(path.split('/').slice(0, 2).join('/')) ? 'link' : 'copy';
  request.report('logs');
  let files = await copyTree(join(dataDir, 'logs'), join(to, 'logs'), { how, signal: request.signal });
  const materialised: Record<string, string[]> = {};
  for (const target of await namesOf(join(dataDir, 'repos'))) {
    request.report(`directories of builds: ${target}`);
    files += await copyBuildDirectories(join(dataDir, 'repos', target), join(to, 'repos', target), request.signal);
    const names = await namesOf(join(dataDir, 'repos', target, 'snapshots'));
    materialised[target] = names.filter((name) => /^[0-9a-f]{64}$/.test(name));
  }
  const keys = request.withKeys && (await copyKeys(settings, join(to, 'keys'), request.signal));
  const named = await copyConfiguration(settings, join(to, CONFIGURATION));
  const manifest = newManifest({
    ...{ madeAt: new Date(began).toISOString(), program: programVersion(), host: hostname() },
    ...{ dataDir, configuration: settings.file, packages, keys, named, materialised },
    database: { engine: database.kind, file, sha256: await sha256File(join(to, file)) },
  });
  await writeFile(join(to, MANIFEST), manifest, { mode: 0o600 });
  return { packages, files, keys, named, damaged };
}

/** The database, and all packages that it names. `growing`: `<build>/<attempt>` of those whose logs may still be written to. */
async function takeDatabase(
  settings: Settings,
  path: string,
  to: string,
  { report, signal }: BackupRequest,
): Promise<{ packages: number; damaged: DamagedFile[]; growing: ReadonlySet<string> }> {
  const url = databaseUrl(settings);
  const read = async (db: DbOrTx) => {
    report('packages');
    const growing = await listUnfinishedAttempts(db);
    const put = await putPackages(db, { from: settings.dataDir, to, report, signal });
    return { ...put, growing: new Set(growing.map(({ build_id: build, number }) => `${build}/${number}`)) };
  };
  for (let round = 1; round <= ROUNDS; round += 1) {
    report('the database');
    await rm(path, { force: true });
    const { packages, missing, growing } = await dumpDatabase({ url, path, read, signal });
    const lost = missing.map(({ id }) => id);
    // What is still said to be there was lost in another way: to take the database again would not bring it back.
    if (lost.length === 0 || (await areStored(url, lost)))
      return { packages, growing, damaged: missing.map(({ damage }) => damage) };
  }
  throw new TrunklineError('repository_conflict', 'Packages were removed faster than a backup could be made', {
    hint: 'wait for trunkline gc to end, then try again',
  });
}

/** What lies beside pool, snapshots and refs: directories of builds with their links, and index entries of packages. */
async function copyBuildDirectories(from: string, to: string, signal: AbortSignal): Promise<number> {
  let files = 0;
  for (const name of await namesOf(from)) {
    if (!/^([0-9a-f]{2}|component|fragments)$/.test(name)) continue;
    files += await copyTree(join(from, name), join(to, name), { how: () => 'link', signal });
  }
  return files;
}

/** False where Trunkline keeps no keys of its own. */
async function copyKeys({ signing }: Settings, to: string, signal: AbortSignal): Promise<boolean> {
  if (signing?.kind !== 'own') return false;
  await mkdir(to, { mode: 0o700 });
  // Before the rest: a key that is made meanwhile gets into the list when it is whole.
  await putFile(join(signing.directory, 'keys.json'), join(to, 'keys.json'), 'copy');
  await copyTree(signing.directory, to, { how: () => 'copy', mode: 0o700, signal });
  for (const name of ['keys.json', 'gpg.conf', 'gpg-agent.conf', 'pubring.kbx', 'trustdb.gpg'])
    await chmod(join(to, name), 0o600).catch(() => undefined);
  for (const name of await namesOf(join(to, 'private-keys-v1.d')))
    await chmod(join(to, 'private-keys-v1.d', name), 0o600);
  return true;
}

/** The configuration as it stands, for its owner only: an address in it may have a password. Answers the files it names. */
async function copyConfiguration({ file }: Settings, to: string): Promise<string[]> {
  const text = await readFile(file, 'utf8');
  await writeFile(to, text, { mode: 0o600 });
  const named: string[] = [];
  const look = (value: unknown, key: string): void => {
    if (typeof value === 'string' && /(_file|^gnupghome|^public_keys|^gpgkey|^signed_by)$/.test(key)) named.push(value);
    else if (typeof value === 'object' && value !== null)
      for (const [name, one] of Object.entries(value)) look(one, Array.isArray(value) ? key : name);
  };
  look(parse(text), '');
  return [...new Set(named)].sort();
}
