import fc from 'fast-check';
import { expect, it } from 'vitest';
import { insertBuild, listAttempts, listBuilds, type Db } from '../../src/db/index.ts';
import {
  cancel,
  claim,
  enqueue,
  expireLeases,
  finishAttempt,
  heartbeat,
  leaseOf,
  recheck,
  recoverWorker,
  release,
  retryOrFinish,
  type Lease,
  type QueuedAttempt,
} from '../../src/queue/index.ts';
import { createTestDatabase, describeEngines } from '../databases.ts';
import { build, NOON, revision } from '../db/samples.ts';
import { sampled } from '../sampled.ts';

describeEngines('claimers side by side', (fresh, engine) => {
  it('never get the same attempt, and leave none', async () => {
    const database = await fresh();
    const db = await database.open();
    const ids = new Set<number>();
    await db.transaction(async (tx) => {
      for (let i = 0; i < 60; i += 1) {
        const { build: made } = await insertBuild(tx, {
          revision: await revision(tx, `c${i}`),
          target: 't',
          now: NOON,
        });
        ids.add((await enqueue(tx, made, { now: NOON, priority: i % 3 })).id);
      }
    });
    // PostgreSQL: several servers, each with its own connections. SQLite: one process writes (DESIGN 8).
    const servers = engine === 'postgres' ? [db, await database.open(), await database.open()] : [db];
    const taken: QueuedAttempt[] = [];
    const claimer = async (server: Db, worker: string) => {
      for (;;) {
        const attempt = await claim(server, { worker, now: NOON, leaseMs: 60_000 });
        if (attempt === null) return;
        taken.push(attempt);
      }
    };
    const claimers = servers.flatMap((server, s) => [0, 1, 2, 3].map((slot) => claimer(server, `${s}/${slot}`)));
    await Promise.all(claimers);
    expect(taken).toHaveLength(60);
    expect(new Set(taken.map(({ id }) => id))).toEqual(ids);
    expect(new Set(taken.map(({ lease }) => lease))).toEqual(new Set([1]));
  });

  it('interrupt each lapsed attempt once', async () => {
    const database = await fresh();
    const db = await database.open();
    for (let i = 0; i < 10; i += 1) {
      await enqueue(db, await build(db, `c${i}`), { now: NOON });
      await claim(db, { worker: 'dead', now: NOON, leaseMs: 1 });
    }
    const other = engine === 'postgres' ? await database.open() : db;
    const both = await Promise.all([expireLeases(db, NOON + 10), expireLeases(other, NOON + 10)]);
    expect(both.flat()).toHaveLength(10);
    for (const { build: made } of await listBuilds(db)) expect(await listAttempts(db, made.id)).toHaveLength(2);
  });

  sampled(
    'keep builds and attempts in step, whatever happens in whatever order',
    async () => {
      const step = fc.record({
        action: fc.constantFrom(
          'claim' as const,
          'claim' as const,
          'succeed' as const,
          'fail' as const,
          'infra' as const,
          'release' as const,
          'heartbeat' as const,
          'expire' as const,
          'recover' as const,
          'recheck' as const,
          'force' as const,
          'cancel' as const,
        ),
        which: fc.nat(7),
        seconds: fc.nat(100),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
          const database = await createTestDatabase(engine);
          try {
            const db = await database.open();
            await play(db, steps);
          } finally {
            await database.remove();
          }
        }),
        { numRuns: process.env.TRUNKLINE_TEST_LONG === undefined ? 12 : 200 },
      );
    },
    900_000,
  );
});

interface Step {
  action: string;
  which: number;
  seconds: number;
}

async function play(db: Db, steps: readonly Step[]): Promise<void> {
  let now = NOON;
  const builds = [];
  for (let i = 0; i < 3; i += 1) {
    const made = await build(db, `c${i}`);
    builds.push(made);
    await enqueue(db, made, { now });
  }
  /** Every lease ever given, stale ones included: whoever comes back from the dead. */
  const leases: Lease[] = [];
  for (const { action, which, seconds } of steps) {
    now += seconds * 1000;
    const id = builds[which % builds.length]?.id ?? 0;
    const lease = leases[which % Math.max(leases.length, 1)];
    await act(db, action, { id, lease, now, leases }).catch((error: unknown) => {
      expect(error).toMatchObject({ code: expect.stringMatching(/^(lock_lost|invalid_argument)$/) as string });
    });
    await checkInStep(db);
  }
}

async function act(
  db: Db,
  action: string,
  { id, lease, now, leases }: { id: number; lease: Lease | undefined; now: number; leases: Lease[] },
): Promise<unknown> {
  const by = { actor: 'test', now };
  if (action === 'claim') {
    const attempt = await claim(db, { worker: `w/${leases.length}`, now, leaseMs: 60_000 });
    if (attempt !== null) leases.push(leaseOf(attempt));
    return;
  }
  if (action === 'expire') return expireLeases(db, now);
  if (action === 'recover') return recoverWorker(db, 'w/', now);
  if (action === 'recheck') return recheck(db, id, by);
  if (action === 'force') return recheck(db, id, { ...by, force: true });
  if (action === 'cancel') return cancel(db, id, by);
  if (lease === undefined) return;
  const failed = { result: 'failure', detail: null } as const;
  if (action === 'succeed')
    return finishAttempt(db, lease, { result: 'success', reason: null, detail: null, snapshot: 'ab' }, now);
  if (action === 'fail') return finishAttempt(db, lease, { ...failed, reason: 'build_failed' }, now);
  if (action === 'infra') return retryOrFinish(db, lease, { ...failed, reason: 'infra_error' }, { maxRetries: 1, now });
  if (action === 'release') return release(db, lease, now);
  return heartbeat(db, lease, { now, leaseMs: 60_000 });
}

async function checkInStep(db: Db): Promise<void> {
  for (const { build: made } of await listBuilds(db)) {
    const attempts = await listAttempts(db, made.id);
    const open = attempts.filter(({ state }) => state !== 'finished');
    expect(attempts.map(({ number }) => number)).toEqual(attempts.map((_, i) => i + 1));
    expect(open.length).toBeLessThanOrEqual(1);
    expect(made.state).toBe(open[0]?.state ?? 'finished');
    if (open[0] !== undefined) expect(open[0]).toBe(attempts.at(-1));
    for (const { state, result, worker } of attempts) {
      expect(result !== null).toBe(state === 'finished');
      if (state === 'running') expect(worker).not.toBeNull();
    }
    // Once published, published for good; and no forced rebuild takes a release that one before it was published under.
    const successes = attempts.filter(({ result }) => result === 'success').map(({ rebuild }) => rebuild);
    if (successes.length > 0) expect(made).toMatchObject({ result: 'success', snapshot: 'ab' });
    expect(new Set(successes).size).toBe(successes.length);
    if (made.state === 'finished') expect(made.result).not.toBeNull();
  }
}
