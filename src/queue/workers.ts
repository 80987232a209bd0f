import { listRunningWork, listWorkers, type DbOrTx, type KnownWorker, type RunningWork } from '../db/index.ts';
import { misfit, missingLabels, type Settings } from '../model/index.ts';

/** Milliseconds after which a worker that said nothing is thought to be gone: they ask every half minute. */
export const GONE = 2 * 60_000;
/** Workers whose reasons are told. */
const MOST_TOLD = 3;

/** Somebody who builds, and what. Of one that is only known by what it builds, the rest is null. */
export interface WorkerView {
  name: string;
  known: KnownWorker | null;
  /** Whether it was heard of within two minutes, or builds. */
  present: boolean;
  running: readonly RunningWork[];
}

/** All workers that were heard of in the last thirty days, and whoever builds something, by name. */
export async function readWorkers(db: DbOrTx, now: number): Promise<WorkerView[]> {
  const work = await listRunningWork(db);
  const known = await listWorkers(db);
  const views = known.map((one): WorkerView => {
    const running = work.filter(({ worker }) => isOf(worker, one.name));
    return { name: one.name, known: one, present: one.seenAt >= now - GONE, running };
  });
  const others = Map.groupBy(
    work.filter(({ worker }) => !known.some(({ name }) => isOf(worker, name))),
    ({ worker }) => worker,
  );
  for (const [name, running] of others) views.push({ name, known: null, present: true, running });
  return views.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Whether somebody holds attempts under this name: a server's own places have names below its own. */
export function isOf(worker: string, name: string): boolean {
  return worker === name || (name.startsWith('serve@') && worker.startsWith(`${name}/`));
}

/**
 * The targets that nobody who is there builds for, with why, in words for people. Where no worker and no server is known, builds are made by `trunkline run`,
 * which has the labels of the configuration.
 */
export async function unservedTargets(
  db: DbOrTx,
  settings: Pick<Settings, 'targets' | 'server'>,
  now: number,
): Promise<Map<string, string>> {
  return unservedBy(await listWorkers(db, now - GONE), settings);
}

/** The same, of those who are `present`. */
export function unservedBy(
  present: readonly KnownWorker[],
  { targets, server }: Pick<Settings, 'targets' | 'server'>,
): Map<string, string> {
  const unserved = new Map<string, string>();
  for (const target of targets) {
    if (present.some((one) => one.drainedAt === null && one.targets.includes(target.name))) continue;
    const lacking = missingLabels(target, server.labels);
    if (present.length === 0 && lacking.length > 0)
      unserved.set(target.name, `it asks for ${lacking.join(', ')}, and no worker is there`);
    if (present.length > 0) unserved.set(target.name, reasonsOf(present, target));
  }
  return unserved;
}

function reasonsOf(present: readonly KnownWorker[], target: Settings['targets'][number]): string {
  const reasons = present.map((one) => `${one.name}: ${whyNot(target, one)}`);
  const more = reasons.length > MOST_TOLD ? ` and ${String(reasons.length - MOST_TOLD)} more` : '';
  return `${reasons.slice(0, MOST_TOLD).join('; ')}${more}`;
}

function whyNot(target: Settings['targets'][number], { profile, drainedAt }: KnownWorker): string {
  if (drainedAt !== null) return 'is drained, and takes nothing new';
  if (profile.places === 0) return 'builds nothing itself';
  return misfit(target, profile) ?? 'is not ready for it, or may not';
}
