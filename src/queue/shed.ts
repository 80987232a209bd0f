import { listWaitingBuilds, requireBuild, updateAttempt, updateBuild, type Db } from '../db/index.ts';
import { emit } from '../events/index.ts';
import { serves } from '../model/index.ts';
import { lookAround } from './places.ts';
import { settle } from './settle.ts';

/** What was left out of a target's queue. */
export interface Shed {
  target: string;
  builds: number;
  /** Milliseconds of work that waited. */
  waiting: number;
}

/**
 * Where more work waits for a target than `limit` milliseconds of all the places where its builds are made, `places` of this server's own or those of
 * whoever is there, leaves out all but the newest commit of each project: the others are recorded as skipped, and are built when somebody asks for
 * them. Builds that were asked for, or begun before, stay.
 */
export async function shedBacklogs(
  db: Db,
  { targets, places, limit, now }: { targets: readonly string[]; places: number; limit: number; now: number },
): Promise<Shed[]> {
  const { open, places: others } = await lookAround(db, { jobs: places, now });
  const shed: Shed[] = [];
  for (const target of targets) {
    const here = open.filter((one) => one.target === target && one.state === 'pending');
    const waiting = here.reduce((sum, one) => sum + (one.expected ?? 0), 0);
    const building = Math.max(places, others.filter((place) => serves(place, target)).length);
    // With nobody building, nobody can say how long it would take.
    if (building === 0 || waiting / building <= limit) continue;
    const builds = await skipBacklog(db, target, now);
    if (builds > 0) shed.push({ target, builds, waiting });
  }
  return shed;
}

async function skipBacklog(db: Db, target: string, now: number): Promise<number> {
  const newest = new Set<string>();
  let skipped = 0;
  for (const { attemptId, buildId, project } of await listWaitingBuilds(db, { target })) {
    if (!newest.has(project)) newest.add(project);
    else if (await skip(db, { attemptId, buildId }, now)) skipped += 1;
  }
  return skipped;
}

/** False when it was begun meanwhile. */
function skip(db: Db, { attemptId, buildId }: { attemptId: number; buildId: number }, now: number): Promise<boolean> {
  const result = {
    result: 'skipped',
    reason: 'superseded',
    detail: 'more work waited than could be done: only the newest commit of each project is built',
  } as const;
  return db.transaction(async (tx) => {
    const change = { state: 'finished', ...result, finishedAt: now, leaseExpiresAt: null } as const;
    if ((await updateAttempt(tx, { id: attemptId, state: 'pending' }, change)) === null) return false;
    const build = await requireBuild(tx, buildId);
    await updateBuild(tx, buildId, settle(build, { ...result, snapshot: null }, now));
    const { project, target } = build;
    await emit(
      tx,
      { kind: 'build_finished', project, target, buildId, attemptId, result: 'skipped', reason: 'superseded' },
      now,
    );
    return true;
  });
}
