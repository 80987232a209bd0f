import { expect, it } from 'vitest';
import {
  findOpenAttempt,
  listAttempts,
  listAudit,
  listTopic,
  requireBuild,
  skipBuild,
  type Db,
} from '../../src/db/index.ts';
import {
  cancel,
  claim,
  enqueue,
  expireLeases,
  finishAttempt,
  heartbeat,
  leaseOf,
  pauseAfter,
  readQueue,
  recheck,
  recordProgress,
  recoverWorker,
  release,
  retryOrFinish,
  setPriority,
  type FinishedWork,
  type QueuedAttempt,
} from '../../src/queue/index.ts';
import type { BuildInputs } from '../../src/model/index.ts';
import { describeEngines } from '../databases.ts';
import { build, NOON } from '../db/samples.ts';

const MINUTE = 60_000;
const success: FinishedWork = { result: 'success', reason: null, detail: null, snapshot: 'cafe' };
const failure: FinishedWork = { result: 'failure', reason: 'build_failed', detail: 'make: *** Error 2' };
const infra: FinishedWork = { result: 'failure', reason: 'infra_error', detail: 'no space left' };

async function queued(db: Db, name: string, options?: Parameters<typeof build>[2] & { priority?: number }) {
  const made = await build(db, name, options);
  await enqueue(db, made, { now: NOON, priority: options?.priority ?? 0 });
  return made;
}

async function claimed(db: Db, now = NOON, worker = 'host/1'): Promise<QueuedAttempt> {
  const attempt = await claim(db, { worker, now, leaseMs: MINUTE });
  if (attempt === null) throw new Error('nothing to claim');
  return attempt;
}

/** Runs what is queued to an end. */
async function ran(db: Db, work: FinishedWork, now = NOON) {
  return finishAttempt(db, leaseOf(await claimed(db, now)), work, now);
}

describeEngines('the queue', (fresh) => {
  const opened = async () => (await fresh()).open();

  it('takes a build from pending over running to finished, attempt and build in step', async () => {
    const db = await opened();
    const { id } = await queued(db, 'a');
    expect(await requireBuild(db, id)).toMatchObject({ state: 'pending', result: null });
    const attempt = await claimed(db);
    expect(attempt).toMatchObject({ buildId: id, number: 1, kind: 'initial', state: 'running', lease: 1 });
    expect(attempt).toMatchObject({ worker: 'host/1', startedAt: NOON, leaseExpiresAt: NOON + MINUTE, rebuild: 0 });
    expect(await requireBuild(db, id)).toMatchObject({ state: 'running', finishedAt: null });
    const done = await finishAttempt(db, leaseOf(attempt), { ...success, timings: { build: 1.5 } }, NOON + 5);
    expect(done.attempt).toMatchObject({
      state: 'finished',
      result: 'success',
      finishedAt: NOON + 5,
      leaseExpiresAt: null,
    });
    expect(done.attempt.timings).toEqual({ build: 1.5 });
    expect(done.build).toMatchObject({ state: 'finished', result: 'success', snapshot: 'cafe', finishedAt: NOON + 5 });
    expect(await claim(db, { worker: 'w', now: NOON + 6, leaseMs: MINUTE })).toBeNull();
  });

  it('claims by priority, then commit time, then the order of asking', async () => {
    const db = await opened();
    const late = await queued(db, 'late', { time: 2000 });
    const early = await queued(db, 'early', { time: 1000 });
    const twin = await queued(db, 'twin', { time: 1000 });
    const last = await queued(db, 'last', { time: 1, priority: 5 });
    const moved = await queued(db, 'moved', { time: 9000 });
    expect(await setPriority(db, moved.id, -1)).toBe(true);
    const order = [];
    for (let i = 0; i < 5; i += 1) order.push((await claimed(db)).buildId);
    expect(order).toEqual([moved, early, twin, late, last].map(({ id }) => id));
    expect(await setPriority(db, moved.id, 3)).toBe(false);
  });

  it('claims only what a worker can do', async () => {
    const db = await opened();
    const rpm = await queued(db, 'a');
    const deb = await queued(db, 'b', { target: 'debian-12-amd64', project: 'lib' });
    const ask = (filter: object) => claim(db, { worker: 'w', now: NOON, leaseMs: MINUTE, filter });
    expect(await ask({ targets: [] })).toBeNull();
    expect(await ask({ targets: ['suse'] })).toBeNull();
    expect(await ask({ targets: ['debian-12-amd64'], projects: ['tool'] })).toBeNull();
    expect(await ask({ projects: ['lib'], targets: ['suse', 'debian-12-amd64'] })).toMatchObject({ buildId: deb.id });
    expect(await ask({ buildIds: [rpm.id] })).toMatchObject({ buildId: rpm.id });
  });

  it('queues a build once, however often it is asked', async () => {
    const db = await opened();
    const made = await queued(db, 'a');
    const first = await findOpenAttempt(db, made.id);
    expect(await enqueue(db, made, { now: NOON + 1 })).toEqual(first);
    expect(await listAttempts(db, made.id)).toHaveLength(1);
  });

  it('refuses whoever does not hold the lease any more, and changes nothing for them', async () => {
    const db = await opened();
    const { id } = await queued(db, 'a');
    const stale = leaseOf(await claimed(db));
    await release(db, stale, NOON);
    const held = await claimed(db, NOON, 'host/2');
    expect(held.lease).toBe(stale.lease + 1);
    const lost = { code: 'lock_lost' };
    await expect(heartbeat(db, stale, { now: NOON, leaseMs: MINUTE })).rejects.toMatchObject(lost);
    await expect(recordProgress(db, stale, { logs: '/elsewhere' })).rejects.toMatchObject(lost);
    await expect(finishAttempt(db, stale, success, NOON)).rejects.toMatchObject(lost);
    await expect(retryOrFinish(db, stale, infra, { maxRetries: 3, now: NOON })).rejects.toMatchObject(lost);
    await expect(release(db, stale, NOON)).rejects.toMatchObject(lost);
    expect(await requireBuild(db, id)).toMatchObject({ state: 'running' });
    expect(await listAttempts(db, id)).toEqual([held]);
    await finishAttempt(db, leaseOf(held), success, NOON);
    await expect(finishAttempt(db, leaseOf(held), failure, NOON)).rejects.toMatchObject(lost);
    expect(await requireBuild(db, id)).toMatchObject({ result: 'success' });
  });

  it('records logs, inputs and timings while an attempt runs', async () => {
    const db = await opened();
    await queued(db, 'a');
    const lease = leaseOf(await claimed(db));
    const inputs: BuildInputs = {
      upstreamCommit: 'aa',
      distgitCommit: 'bb',
      target: 'fedora-43-x86_64',
      snapshot: null,
      baseRepositories: [{ id: 'base', address: 'file:///srv', revision: null }],
      builder: 'sandbox',
      builderVersion: '1',
      buildroot: ['bash-5.2-1.x86_64'],
      installed: [],
    };
    await recordProgress(db, lease, { logs: '/logs/1' });
    const attempt = await recordProgress(db, lease, { inputs, timings: { source: 0.25 } });
    expect(attempt).toMatchObject({ logs: '/logs/1', inputs, timings: { source: 0.25 }, state: 'running' });
  });

  it('tries infrastructure errors again with growing pauses, then gives up', async () => {
    const db = await opened();
    const { id } = await queued(db, 'a');
    let now = NOON;
    for (const pause of [1000, 2000]) {
      const rule = { maxRetries: 2, backoff: { first: 1000, cap: 60_000 }, now };
      const { retry, build: waiting } = await retryOrFinish(db, leaseOf(await claimed(db, now)), infra, rule);
      expect(retry).toMatchObject({ kind: 'retry', notBefore: now + pause, state: 'pending' });
      expect(waiting).toMatchObject({ state: 'pending', result: null });
      expect(await readQueue(db, now)).toEqual({ ready: 0, waiting: 1, running: 0, nextAt: now + pause });
      expect(await claim(db, { worker: 'w', now: now + pause - 1, leaseMs: 1 })).toBeNull();
      now += pause;
    }
    const last = await retryOrFinish(db, leaseOf(await claimed(db, now)), infra, { maxRetries: 2, now });
    expect(last).toMatchObject({ retry: null, build: { state: 'finished', result: 'failure', reason: 'infra_error' } });
    expect((await listAttempts(db, id)).map(({ number, state }) => [number, state])).toEqual([
      [1, 'finished'],
      [2, 'finished'],
      [3, 'finished'],
    ]);
    const events = await listTopic(db, 'project/tool/fedora-43-x86_64');
    expect(events.map(({ kind }) => kind)).toEqual(['build_finished']);
  });

  it("does not retry a package's own failure", async () => {
    const db = await opened();
    await queued(db, 'a');
    const done = await retryOrFinish(db, leaseOf(await claimed(db)), failure, { maxRetries: 5, now: NOON });
    expect(done).toMatchObject({
      retry: null,
      build: { result: 'failure', reason: 'build_failed', detail: failure.detail },
    });
  });

  it('makes a new attempt for one that its worker left, and counts no retry', async () => {
    const db = await opened();
    const { id } = await queued(db, 'a');
    const lease = leaseOf(await claimed(db));
    await recordProgress(db, lease, { logs: '/logs/1' });
    expect(await expireLeases(db, NOON + MINUTE)).toEqual([]);
    await heartbeat(db, lease, { now: NOON + MINUTE, leaseMs: MINUTE });
    expect(await expireLeases(db, NOON + MINUTE + 1)).toEqual([]);
    const [interruption] = await expireLeases(db, NOON + 3 * MINUTE);
    expect(interruption?.attempt).toMatchObject({
      number: 1,
      state: 'finished',
      result: 'failure',
      reason: 'infra_error',
    });
    expect(interruption?.attempt).toMatchObject({
      logs: '/logs/1',
      detail: expect.stringContaining('interrupted') as string,
    });
    expect(interruption?.retry).toMatchObject({ number: 2, kind: 'retry', retries: 0, logs: null, state: 'pending' });
    expect(await requireBuild(db, id)).toMatchObject({ state: 'pending', result: null });
    await expect(finishAttempt(db, lease, success, NOON)).rejects.toMatchObject({ code: 'lock_lost' });
    expect(await expireLeases(db, NOON + 9 * MINUTE)).toEqual([]);
    const now = NOON + 3 * MINUTE;
    const { retry } = await retryOrFinish(db, leaseOf(await claimed(db, now)), infra, { maxRetries: 1, now });
    expect(retry).toMatchObject({ retries: 1, number: 3 });
  });

  it("recovers a dead process's attempts and nobody else's", async () => {
    const db = await opened();
    const [mine, theirs] = [await queued(db, 'a', { time: 1 }), await queued(db, 'b', { time: 2 })];
    await claimed(db, NOON, 'run%_/1');
    await claimed(db, NOON, 'runxx/1');
    const recovered = await recoverWorker(db, 'run%_/', NOON + 1);
    expect(recovered.map(({ retry }) => retry.buildId)).toEqual([mine.id]);
    expect(await requireBuild(db, theirs.id)).toMatchObject({ state: 'running' });
    expect(await recoverWorker(db, 'run%_/', NOON + 1)).toEqual([]);
  });

  it('rechecks what failed, and a success only by force, under the next release', async () => {
    const db = await opened();
    const { id } = await queued(db, 'a');
    await ran(db, failure);
    const by = { actor: 'ada', now: NOON };
    expect(await recheck(db, id, { ...by, reason: 'fixed the mirror' })).toMatchObject({
      made: true,
      attempt: { number: 2, kind: 'recheck', rebuild: 0 },
    });
    // While it waits, the failure is still what is known.
    expect(await requireBuild(db, id)).toMatchObject({ state: 'pending', result: 'failure' });
    await ran(db, success);
    await expect(recheck(db, id, by)).rejects.toMatchObject({
      code: 'invalid_argument',
      hint: expect.stringContaining('--force') as string,
    });
    for (const [work, rebuild] of [
      [failure, 1],
      [success, 1],
      [success, 2],
      [failure, 3],
    ] as const) {
      expect((await recheck(db, id, { ...by, force: true })).attempt).toMatchObject({ kind: 'force', rebuild });
      expect(await requireBuild(db, id)).toMatchObject({ state: 'pending', result: 'success' });
      const { attempt, build: after } = await ran(db, work);
      expect(attempt.result).toBe(work.result);
      expect(after).toMatchObject({ state: 'finished', result: 'success', reason: null, snapshot: 'cafe' });
    }
    expect((await listAudit(db, { subject: `build/${id}` })).map(({ action }) => action)).toEqual([
      ...Array<string>(4).fill('force'),
      'recheck',
    ]);
    await expect(recheck(db, 999, by)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('keeps the release of a forced rebuild through interruptions and retries', async () => {
    const db = await opened();
    const { id } = await queued(db, 'a');
    await ran(db, success);
    await recheck(db, id, { actor: 'ada', force: true, now: NOON });
    await claimed(db, NOON, 'dead/1');
    await recoverWorker(db, 'dead', NOON);
    const { retry } = await retryOrFinish(db, leaseOf(await claimed(db)), infra, { maxRetries: 1, now: NOON });
    expect(retry).toMatchObject({ kind: 'retry', rebuild: 1, number: 4 });
    const now = retry?.notBefore ?? 0;
    await ran(db, success, now);
    expect((await recheck(db, id, { actor: 'ada', force: true, now })).attempt.rebuild).toBe(2);
  });

  it('brings a waiting retry forward when a recheck is asked for', async () => {
    const db = await opened();
    const { id } = await queued(db, 'a');
    await retryOrFinish(db, leaseOf(await claimed(db)), infra, { maxRetries: 1, now: NOON });
    const asked = await recheck(db, id, { actor: 'ada', now: NOON + 1 });
    expect(asked).toMatchObject({ made: false, attempt: { number: 2, notBefore: NOON + 1 } });
    expect((await claimed(db, NOON + 1)).number).toBe(2);
    expect(await recheck(db, id, { actor: 'ada', now: NOON + 2 })).toMatchObject({
      made: false,
      attempt: { state: 'running' },
    });
  });

  it('builds what was skipped when it is asked for, and skips nothing that was begun', async () => {
    const db = await opened();
    const made = await build(db, 'a');
    await skipBuild(db, made.id, { reason: 'superseded', detail: 'by b', now: NOON });
    expect(await requireBuild(db, made.id)).toMatchObject({
      state: 'finished',
      result: 'skipped',
      reason: 'superseded',
    });
    expect((await recheck(db, made.id, { actor: 'ada', now: NOON })).made).toBe(true);
    expect((await ran(db, success)).build).toMatchObject({ result: 'success', reason: null, detail: null });
    const begun = await queued(db, 'b');
    const skip = skipBuild(db, begun.id, { reason: 'superseded', detail: null, now: NOON });
    await expect(skip).rejects.toMatchObject({ code: 'repository_conflict' });
  });

  it('cancels what waits and what runs, and keeps the result of before', async () => {
    const db = await opened();
    const by = { actor: 'ada', reason: 'wrong branch', now: NOON };
    const waiting = await queued(db, 'a');
    expect(await cancel(db, waiting.id, by)).toMatchObject({ state: 'finished', result: 'cancelled' });
    expect(await claim(db, { worker: 'w', now: NOON, leaseMs: 1 })).toBeNull();
    const running = await queued(db, 'b');
    const lease = leaseOf(await claimed(db));
    expect(await cancel(db, running.id, by)).toMatchObject({
      result: 'cancelled',
      detail: 'cancelled by ada: wrong branch',
    });
    await expect(heartbeat(db, lease, { now: NOON, leaseMs: 1 })).rejects.toThrow(/cancelled by ada/);
    const failed = await queued(db, 'c');
    await ran(db, failure);
    await recheck(db, failed.id, { actor: 'ada', now: NOON });
    expect(await cancel(db, failed.id, by)).toMatchObject({
      state: 'finished',
      result: 'failure',
      reason: 'build_failed',
    });
    expect(await cancel(db, failed.id, by)).toMatchObject({ result: 'failure' });
    const never = await build(db, 'd');
    expect(await cancel(db, never.id, by)).toMatchObject({ state: 'finished', result: 'cancelled' });
  });

  it('takes nothing when the transaction around it fails', async () => {
    const db = await opened();
    const { id } = await queued(db, 'a');
    const attempt = await claimed(db);
    const publication = db.transaction(async (tx) => {
      await finishAttempt(tx, leaseOf(attempt), success, NOON);
      throw new Error('the store is full');
    });
    await expect(publication).rejects.toThrow('the store is full');
    expect(await requireBuild(db, id)).toMatchObject({ state: 'running', result: null });
    expect(await listAttempts(db, id)).toEqual([attempt]);
    expect(await listTopic(db, 'project/tool/fedora-43-x86_64')).toEqual([]);
  });
});

it('doubles pauses up to the cap', () => {
  const backoff = { first: 1000, cap: 5000 };
  expect([0, 1, 2, 3, 1000].map((retries) => pauseAfter(retries, backoff))).toEqual([1000, 2000, 4000, 5000, 5000]);
});
