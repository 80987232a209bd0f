import { randomBytes } from 'node:crypto';
import { hostname, totalmem } from 'node:os';
import type { TrunkContext } from '../builds/index.ts';
import { saveWorker } from '../db/index.ts';
import { programVersion } from '../lib/index.ts';
import { FORMAT_NAMES, missingLabels } from '../model/index.ts';
import { recoverWorker } from '../queue/index.ts';

const KINDS = ['serve', 'run'] as const;

/** As whom this process claims what it builds itself; a name that no other process ever had. */
export function ownWorker({ server }: Pick<TrunkContext, 'server'>, kind: (typeof KINDS)[number]): string {
  return `${kind}@${server}/${randomBytes(4).toString('hex')}`;
}

/** Names of the targets that this machine has the labels for. */
export function ownTargets({ settings }: Pick<TrunkContext, 'settings'>, names?: readonly string[]): string[] {
  return settings.targets
    .filter((target) => missingLabels(target, settings.server.labels).length === 0)
    .map(({ name }) => name)
    .filter((name) => names?.includes(name) ?? true);
}

/** Puts a server on the list of workers, as one that builds itself, or as one that does not. */
export async function introduceServer(context: TrunkContext, jobs: number): Promise<void> {
  const { settings, builders } = context;
  const profile = {
    architectures: [...new Set(settings.targets.map(({ arch }) => arch))],
    formats: [...FORMAT_NAMES],
    builders: [...builders.keys()],
    memory: totalmem(),
    labels: settings.server.labels,
    places: jobs,
  };
  const targets = jobs === 0 ? [] : ownTargets(context);
  const worker = { name: `serve@${context.server}`, host: hostname(), version: programVersion(), profile, targets };
  await saveWorker(context.db, worker, context.now());
}

/**
 * Queues again what processes had in hand that worked in our local directory before, and are dead as we hold it. With SQLite nobody else builds at all but
 * workers on other machines, so whatever the machine was called then. To be called before anything is claimed. Answers how many attempts there were.
 */
export async function recoverOwn({
  db,
  settings,
  server,
  now,
}: Pick<TrunkContext, 'db' | 'settings' | 'server' | 'now'>): Promise<number> {
  let interrupted = 0;
  for (const kind of KINDS) {
    const prefix = settings.database.kind === 'sqlite' ? `${kind}@` : `${kind}@${server}/`;
    interrupted += (await recoverWorker(db, prefix, now())).length;
  }
  return interrupted;
}
