import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TrunkContext } from '../../../src/builds/index.ts';
import { openDatabase, sqliteUrl, type Db } from '../../../src/db/index.ts';
import type { Project } from '../../../src/model/index.ts';
import { claim, leaseOf, retryOrFinish, shedBacklogs, type QueuedAttempt } from '../../../src/queue/index.ts';
import { recordFound } from '../../../src/trunk/record.ts';
import { commit } from '../../db/samples.ts';
import { median, quantile, rounded, type Benchmark, type Measurement } from '../measurement.ts';
import { openstackHalfYear, type SimulatedCommit } from './openstack.ts';
import { scaled } from './serving.ts';

const COMMITS = scaled(20_000);
/** `TRUNKLINE_BENCH_WORKERS=3,4` for some numbers only. */
const WORKERS = (process.env.TRUNKLINE_BENCH_WORKERS ?? '2,4,8,12,16').split(',').map(Number);
const SEED = 20_261_121;
const TARGET = 'trunk';
const MINUTE = 60_000;
/** Between two looks of a server at whether too much waits, and how much that is: as `trunk/watch` has it by default. */
const HOUSEKEEPING = 30_000;
const BACKLOG = 12 * 60 * MINUTE;
const POLL = MINUTE;
/** To publish one package of many. */
const PUBLISH = 1000;
const LEASE = 24 * 60 * MINUTE;
const GOAL = 10;

/**
 * OpenStack's half-year through the real queue (recording, ranking, claims, retries, durations, shedding), the clock simulated: how old what waits gets, and
 * how long it takes from a commit to its package, by the number of workers.
 */
export const benchmarkHalfYear: Benchmark = async (progress) => {
  const commits = openstackHalfYear(COMMITS, SEED);
  const found: Measurement[] = [];
  for (const workers of WORKERS) {
    progress(`${String(COMMITS)} commits, ${String(workers)} workers`);
    const began = performance.now();
    const { latencies, waits, shed, longest } = await withDatabase((db) => simulate(db, commits, workers));
    const minutes = (times: readonly number[], share: number) => rounded(quantile(times, share) / MINUTE);
    found.push({
      ...{ name: `server-half-year-${String(workers)}-workers`, ours: quantile(latencies, 0.95) / MINUTE, peer: null },
      ...{ unit: 'minutes', peer_name: 'none' },
      target: `<= ${String(GOAL)} min from commit to installable at the 95th percentile with enough workers; ${String(COMMITS)} commits of 275 projects`,
      details: {
        ...{ median: rounded(median(latencies) / MINUTE), percentile99: minutes(latencies, 0.99) },
        queue_age: { median: minutes(waits, 0.5), percentile95: minutes(waits, 0.95), most: minutes(waits, 1) },
        ...{ most_waiting: longest, left_out: shed, simulated_in_s: rounded((performance.now() - began) / 1000) },
      },
    });
  }
  return found;
};

/** In memory where this machine has such a file system: what is simulated needs no disk. */
async function withDatabase<T>(work: (db: Db) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'trunkline-half-year-'));
  const db = await openDatabase({ url: sqliteUrl(join(directory, 'simulated.sqlite')), mode: 'write' });
  try {
    return await work(db);
  } finally {
    await db.close();
    await rm(directory, { recursive: true, force: true });
  }
}

interface Outcome {
  /** Milliseconds from each commit that was built well to its package. */
  latencies: number[];
  /** Milliseconds each attempt waited from when it was due. */
  waits: number[];
  /** Builds left out. */
  shed: number;
  /** The most that waited at a moment. */
  longest: number;
}

/** What happens next, the soonest first: a commit is seen, a worker is done, or what was put off is due. */
interface Happening {
  at: number;
  happens: (now: number) => Promise<void>;
}

async function simulate(db: Db, commits: readonly SimulatedCommit[], workers: number): Promise<Outcome> {
  const outcome: Outcome = { latencies: [], waits: [], shed: 0, longest: 0 };
  const open = new Map<number, SimulatedCommit>();
  const later: Happening[] = [];
  let [free, clock, kept, waiting, revisions] = [workers, 0, 0, 0, 0];
  const context = contextOf(db, () => clock);
  const add = (one: Happening) => {
    const place = later.findIndex(({ at }) => at > one.at);
    later.splice(place < 0 ? later.length : place, 0, one);
  };
  const take = async () => {
    while (free > 0 && waiting > 0) {
      const attempt = await claim(db, { worker: 'w', now: clock, leaseMs: LEASE, filter: { targets: [TARGET] } });
      if (attempt === null) return;
      [free, waiting] = [free - 1, waiting - 1];
      outcome.waits.push(clock - attempt.notBefore);
      const about = open.get(attempt.buildId);
      if (about === undefined) throw new Error(`build ${String(attempt.buildId)} is of no commit`);
      add({ at: clock + about.takes + PUBLISH, happens: () => finish(attempt, about) });
    }
  };
  const finish = async (attempt: QueuedAttempt, about: SimulatedCommit) => {
    free += 1;
    const result = about.result === 'infra_error' && attempt.retries > 0 ? 'success' : about.result;
    const { retry } = await retryOrFinish(db, leaseOf(attempt), workOf(result), { maxRetries: 3, now: clock });
    if (result === 'success') outcome.latencies.push(clock - about.at);
    if (retry === null) return;
    waiting += 1;
    add({ at: retry.notBefore, happens: () => Promise.resolve() });
  };
  for (const about of commits) {
    // Each project has its own moment in the interval at which it is looked at.
    const seen = about.at + ((about.at * 7919) % POLL);
    add({
      at: seen,
      happens: async () => {
        revisions += 1;
        await see(context, about, revisions);
        const [build] = await db.sql.selectFrom('builds').select('id').orderBy('id', 'desc').limit(1).execute();
        open.set(build?.id ?? 0, about);
        waiting += 1;
        outcome.longest = Math.max(outcome.longest, waiting);
      },
    });
  }
  for (let next = later.shift(); next !== undefined; next = later.shift()) {
    clock = next.at;
    await next.happens(clock);
    if (waiting > workers && clock - kept > HOUSEKEEPING) {
      kept = clock;
      const shed = await shedBacklogs(db, { targets: [TARGET], places: workers, limit: BACKLOG, now: clock });
      const builds = shed.reduce((sum, one) => sum + one.builds, 0);
      [outcome.shed, waiting] = [outcome.shed + builds, waiting - builds];
    }
    await take();
  }
  return outcome;
}

/** As discovery has it: the revision, its build, its place in the queue. */
async function see(context: TrunkContext, { project, at }: SimulatedCommit, n: number): Promise<void> {
  const upstream = commit(`${project} ${String(n)}`, Math.floor(at / 1000));
  const revisions = [{ upstream, distgit: commit(`${project} packaging`), why: 'new_commit' as const }];
  const found = { project: { name: project, targets: [TARGET] } as unknown as Project, format: 'rpm' as const };
  await recordFound(context, { ...found, revisions, cursor: null }, { headOnly: false, priorities: null });
}

function contextOf(db: Db, now: () => number): TrunkContext {
  return { db, now, settings: { targets: [{ name: TARGET, format: 'rpm' }] } } as unknown as TrunkContext;
}

function workOf(result: SimulatedCommit['result']): Parameters<typeof retryOrFinish>[2] {
  if (result === 'success') return { result, reason: null, detail: null, snapshot: 'simulated' };
  return { result: 'failure', reason: result === 'failure' ? 'build_failed' : result, detail: null };
}
