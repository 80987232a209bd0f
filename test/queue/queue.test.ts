import { expect, it } from 'vitest';
import { findOpenAttempt, listAttempts, listTopic, requireBuild } from '../../src/db/index.ts';
import {
  claim,
  enqueue,
  expireLeases,
  finishAttempt,
  heartbeat,
  leaseOf,
  pauseAfter,
  readQueue,
  recordProgress,
  recoverWorker,
  release,
  retryOrFinish,
  setPriority,
} from '../../src/queue/index.ts';
import type { BuildInputs } from '../../src/model/index.ts';
import { describeEngines } from '../databases.ts';
import { NOON } from '../db/samples.ts';
import { claimed, failure, infra, MINUTE, queued, success } from './work.ts';

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
      version: null,
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
