import { mkdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { openMirrors, requireBuilder, requireTarget, type TrunkContext } from '../builds/index.ts';
import { recoverTarballs } from '../builds/source/index.ts';
import { openDatabase, releaseOutbox, releasePolls, sqliteUrl, type Db, type OpenMode } from '../db/index.ts';
import { createBuilders } from '../drivers/builders/registry.ts';
import { createFormats } from '../drivers/formats/registry.ts';
import { createSigner } from '../drivers/signers/registry.ts';
import { createBell, createLog, createMutexes, describeError, fileSystemError, TrunklineError } from '../lib/index.ts';
import { recoverJails } from '../lib/jail/index.ts';
import type { PublicKey, Settings, Signer, Target } from '../model/index.ts';
import { describeRefs, describeRemovedRefs, pointRef } from '../promotion/index.ts';
import { openClock, type Clock } from './clock.ts';
import { finishRemovals } from './collect/index.ts';
import { serverId, takeDeployment, type DataDirectoryLock } from './lock/index.ts';
import { openRepositories } from './repositories.ts';

/** An open deployment. */
export interface Trunk {
  context: TrunkContext;
  /**
   * Tells those whom the data directory is refused where this process can be asked instead, and those who may write in it by which token. Nothing for one
   * that only reads.
   */
  announce(url: string, token: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a deployment for commands that only read: takes no lock and changes nothing, so that it works beside a run.
 * @throws TrunklineError as the database and the file system say.
 */
export async function openForReading(settings: Settings): Promise<Trunk> {
  const nothing = { announce: () => Promise.resolve(), release: () => Promise.resolve() };
  return assemble(settings, 'read', { signer: createSigner(settings.signing), lock: nothing, server: hostname() });
}

/**
 * Opens a deployment for writing: takes its local directory for this process alone, and with it, unless others share it, the data directory. Finishes or
 * undoes what a killed process left half done.
 * @throws TrunklineError `data_dir_locked` saying who holds it, `data_dir_unwritable`, `database_unreachable`, `signing_failed`
 * when repositories are to be signed and no key can be had; with one that has expired, what was published is served. For changing the keys themselves
 * there is `forKeys`: nothing is published then.
 * `alone`: no other server of the database may work meanwhile.
 */
export async function openForWriting(settings: Settings, { forKeys = false, alone = false } = {}): Promise<Trunk> {
  const lock = await takeDeployment(settings, { alone });
  try {
    await makeRepositories(settings.dataDir);
    const signer = createSigner(settings.signing);
    // Told before anything is built for nothing.
    const [first] = forKeys ? [] : ((await signer?.publicKeys()) ?? []);
    const trunk = await assemble(settings, 'write', { signer, lock, server: await serverId(settings.localDir) });
    try {
      if (first !== undefined) sayExpired(trunk.context, first);
      if (!forKeys) await recover(trunk.context);
    } catch (error) {
      await trunk.close();
      throw error;
    }
    return trunk;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/**
 * Opens a deployment to look at what a run would do: for reading, or, where there is no database yet, for writing.
 * @throws TrunklineError as the other two.
 */
export async function openForPlanning(settings: Settings): Promise<Trunk> {
  try {
    return await openForReading(settings);
  } catch (error) {
    if (error instanceof TrunklineError && error.code === 'not_found') return openForWriting(settings);
    throw error;
  }
}

/** What a target lacks on this machine. */
export interface TargetCheck {
  target: string;
  builder: string;
  missing: readonly { what: string; remedy: string }[];
}

/** Asks each target's builder what is missing on this machine; all targets when `names` is empty. Changes nothing. */
export async function checkTargets(settings: Settings, names: readonly string[]): Promise<TargetCheck[]> {
  const builders = createBuilders({ stateDirectory: join(settings.localDir, 'roots') });
  const targets = names.length === 0 ? settings.targets : names.map((name) => requireTarget(settings, name));
  const checks: TargetCheck[] = [];
  for (const target of targets) {
    const readiness = await requireBuilder({ builders }, target).check(target);
    checks.push({ target: target.name, builder: target.builder, missing: readiness.missing });
  }
  return checks;
}

/** What no two servers do at once; all else is within this process. What is shown is read from the database under its name: shown again, it is right. */
const SHARED = /^(publish|show|discover|change) /;

async function assemble(
  settings: Settings,
  mode: OpenMode,
  { signer, lock, server }: { signer: Signer | null; lock: DataDirectoryLock; server: string },
): Promise<Trunk> {
  const { database, dataDir, localDir } = settings;
  const db = await openDatabase({ url: database.kind === 'sqlite' ? sqliteUrl(database.path) : database.url, mode });
  const log = createLog(settings.logLevel);
  const clock = mode === 'write' ? await clockOf(db, log) : null;
  const formats = createFormats();
  const opened = openRepositories(settings, { signer, db, formats });
  const context: TrunkContext = {
    settings,
    db,
    formats,
    builders: createBuilders({ stateDirectory: join(localDir, 'roots') }),
    repository: opened.of,
    mirrors: openMirrors(join(dataDir, 'git')),
    queueBell: createBell(),
    mutexes: createMutexes((name, work) => {
      const kind = SHARED.exec(name)?.[1];
      if (kind === undefined) return work();
      const upToDate = async () => {
        if (kind === 'publish') await opened.catchUp();
        return work();
      };
      return db.hold(name, upToDate, { repeat: kind === 'show' });
    }),
    shown: new Set(),
    log,
    server,
    now: clock?.now ?? Date.now,
  };
  return {
    context,
    announce: (url, token) => lock.announce(url, token),
    close: async () => {
      clock?.stop();
      await db.close();
      await lock.release();
    },
  };
}

async function clockOf(db: Db, log: TrunkContext['log']): Promise<Clock> {
  try {
    return await openClock(db, log);
  } catch (error) {
    await db.close();
    throw error;
  }
}

function sayExpired({ log, now }: TrunkContext, { fingerprint, expiresAt }: PublicKey): void {
  if (expiresAt === null || expiresAt > now()) return;
  const day = new Date(expiresAt).toISOString().slice(0, 10);
  log.error(
    { key: fingerprint },
    `the key that signs expired on ${day}: nothing is published until it is extended or changed`,
  );
}

async function makeRepositories(directory: string): Promise<void> {
  try {
    await mkdir(join(directory, 'repos'), { recursive: true, mode: 0o755 });
  } catch (error) {
    throw fileSystemError(error, directory);
  }
}

/**
 * Start-up (DESIGN 10): nothing of a killed process is left running, mounted or half visible. What is in the local directory is nobody else's; whoever
 * writes to a repository that servers share holds one of its target's names, so that under both of them all that is half done is a dead one's.
 */
async function recover(context: TrunkContext): Promise<void> {
  const { settings } = context;
  const mine = { now: context.now(), by: context.server };
  await releaseOutbox(context.db, mine);
  await releasePolls(context.db, mine);
  await recoverJails();
  for (const builder of context.builders.values()) await builder.recover();
  await rm(join(settings.localDir, 'scratch'), { recursive: true, force: true });
  await recoverTarballs(join(settings.localDir, 'tarballs'));
  const { mutexes } = context;
  for (const target of settings.targets)
    await mutexes.hold(`publish ${target.name}`, () =>
      mutexes.hold(`show ${target.name}`, () => recoverTarget(context, target)),
    );
}

async function recoverTarget(context: TrunkContext, target: Target): Promise<void> {
  const repository = context.repository(target);
  await finishRemovals(context, target);
  const expected = { ...(await describeRemovedRefs(context, target)), ...(await describeRefs(context, target.name)) };
  const { missing, unsigned } = await repository.recover(expected, Math.trunc(context.now() / 1000));
  const left = (ref: string, refusal: unknown) => {
    const what = `the ref stays as it was published: ${describeError(refusal)}`;
    context.log.error({ target: target.name, ref, err: refusal }, what);
  };
  for (const { ref, refusal } of unsigned) left(ref, refusal);
  for (const one of missing)
    await pointRef(context, target, one).catch((error: unknown) => {
      if (!(error instanceof TrunklineError) || error.code !== 'signing_failed') throw error;
      left(one.ref, error);
    });
}
