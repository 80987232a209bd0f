import { expect, it } from 'vitest';
import { listAudit, requireBuild, skipBuild } from '../../src/db/index.ts';
import { cancel, claim, heartbeat, leaseOf, recheck, recoverWorker, retryOrFinish } from '../../src/queue/index.ts';
import { describeEngines } from '../databases.ts';
import { build, NOON } from '../db/samples.ts';
import { claimed, failure, infra, queued, ran, success } from './work.ts';

describeEngines('asking for a build', (fresh) => {
  const opened = async () => (await fresh()).open();

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
});
