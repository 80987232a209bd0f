import { expect, it } from 'vitest';
import {
  listTopic,
  listUndelivered,
  readNotice,
  releaseOutbox,
  requireBuild,
  takeOutbox,
  type Db,
} from '../../src/db/index.ts';
import { audit, deliverPending, emit, type DeliveredEvent, type EventHandler } from '../../src/events/index.ts';
import { listAudit } from '../../src/db/index.ts';
import { registerSecret } from '../../src/lib/index.ts';
import { claim, enqueue, finishAttempt, leaseOf, recheck, type FinishedWork } from '../../src/queue/index.ts';
import { describeEngines } from '../databases.ts';
import { build, NOON } from '../db/samples.ts';

const MINUTE = 60_000;

const moved = (to: string, name = 'current') =>
  ({ kind: 'ref_moved', target: 't', name, from: null, to, actor: 'system' }) as const;

function collector(name = 'mail', fails: (event: DeliveredEvent) => boolean = () => false) {
  const seen: DeliveredEvent[] = [];
  const handler: EventHandler = {
    name,
    kinds: ['ref_moved', 'build_failed_first', 'build_recovered'],
    handle: (event) => {
      if (fails(event)) return Promise.reject(new Error('421 smtp://u:hunter22@mail is down, hunter22'));
      seen.push(event);
      return Promise.resolve();
    },
  };
  return { handler, seen };
}

describeEngines('the outbox', (fresh) => {
  const opened = async () => (await fresh()).open();
  const emitted = (db: Db, ...events: Parameters<typeof emit>[1][]) =>
    db.transaction(async (tx) => {
      const ids = [];
      for (const event of events) ids.push(await emit(tx, event, NOON));
      return ids;
    });

  it('delivers what was committed, once, with a stable id', async () => {
    const db = await opened();
    const [first, second] = await emitted(db, moved('aa'), moved('bb'));
    await db
      .transaction(async (tx) => {
        await emit(tx, moved('never'), NOON);
        throw new Error('rolled back');
      })
      .catch(() => undefined);
    const { handler, seen } = collector();
    const clock = () => NOON;
    expect(await deliverPending(db, [handler], { server: 'one', clock })).toEqual({
      delivered: 2,
      failed: 0,
      abandoned: 0,
    });
    expect(seen).toEqual([
      { ...moved('aa'), id: first, createdAt: NOON },
      { ...moved('bb'), id: second, createdAt: NOON },
    ]);
    expect(await deliverPending(db, [handler], { server: 'one', clock })).toEqual({
      delivered: 0,
      failed: 0,
      abandoned: 0,
    });
    expect(await listUndelivered(db)).toEqual([]);
  });

  it('lets the next start-up deliver what a killed process had in hand, and that alone', async () => {
    const db = await opened();
    await emitted(db, moved('aa'), moved('bb', 'consistent'), moved('cc', 'nightly'));
    const { handler, seen } = collector('mail', (event) => event.kind === 'ref_moved' && event.to === 'bb');
    const at = (now: number) => deliverPending(db, [handler], { server: 'one', clock: () => now });
    expect(await takeOutbox(db, { now: NOON, leaseMs: 10 * MINUTE, by: 'one' })).toMatchObject({ tries: 1 });
    expect(await at(NOON)).toEqual({ delivered: 1, failed: 1, abandoned: 0 });
    await releaseOutbox(db, { now: NOON + 1, by: 'two' });
    // Another server leaves alone what this one may have in hand.
    expect(await at(NOON + 1)).toEqual({ delivered: db.adapter.skipsLockedRows ? 0 : 1, failed: 0, abandoned: 0 });
    await releaseOutbox(db, { now: NOON + 1, by: 'one' });
    await at(NOON + 1);
    expect(seen.map((event) => (event.kind === 'ref_moved' ? event.to : ''))).toEqual(['cc', 'aa']);
  });

  it('tries again after growing pauses, in order within a topic, without calling those who had it', async () => {
    const db = await opened();
    await emitted(db, moved('aa'), moved('bb'), moved('cc', 'consistent'));
    registerSecret('hunter22');
    let down = true;
    const mail = collector('mail', (event) => down && event.kind === 'ref_moved' && event.name === 'current');
    const log = collector('log');
    const at = (now: number) => deliverPending(db, [log.handler, mail.handler], { server: 'one', clock: () => now });
    expect(await at(NOON)).toEqual({ delivered: 1, failed: 1, abandoned: 0 });
    const [waiting, behind] = await listUndelivered(db);
    expect(waiting).toMatchObject({ tries: 1, nextTryAt: NOON + MINUTE, deliveredTo: ['log'] });
    expect(waiting?.lastError).toBe('mail: 421 smtp://u:**redacted**@mail is down, **redacted**');
    expect(behind).toMatchObject({ tries: 0 });
    expect(await at(NOON + MINUTE - 1)).toMatchObject({ delivered: 0, failed: 0 });
    expect(await at(NOON + MINUTE)).toMatchObject({ failed: 1 });
    expect((await listUndelivered(db))[0]).toMatchObject({ tries: 2, nextTryAt: NOON + 3 * MINUTE });
    down = false;
    expect(await at(NOON + 3 * MINUTE)).toEqual({ delivered: 2, failed: 0, abandoned: 0 });
    const names = ({ seen }: typeof mail) => seen.map((event) => (event.kind === 'ref_moved' ? event.to : ''));
    expect(names(mail)).toEqual(['cc', 'aa', 'bb']);
    expect(names(log)).toEqual(['aa', 'cc', 'bb']);
  });

  it('gives up in the end, and lets the next event of the topic go', async () => {
    const db = await opened();
    await emitted(db, moved('bad'), moved('good'));
    const { handler, seen } = collector('mail', (event) => event.kind === 'ref_moved' && event.to === 'bad');
    const report = await deliverPending(db, [handler], { server: 'one', clock: () => NOON, maxTries: 1 });
    expect(report).toEqual({ delivered: 1, failed: 0, abandoned: 1 });
    expect(seen).toHaveLength(1);
    expect(await listUndelivered(db)).toMatchObject([{ abandonedAt: NOON, tries: 1 }]);
  });

  it('delivers again what a dead process had taken, and nothing twice while it lives', async () => {
    const database = await fresh();
    const db = await database.open();
    await emitted(db, moved('aa'));
    const never = new Promise<void>(() => undefined);
    let begun = (): void => undefined;
    const started = new Promise<void>((resolve) => (begun = resolve));
    const stuck: EventHandler = { name: 'mail', kinds: ['ref_moved'], handle: () => (begun(), never) };
    void deliverPending(db, [stuck], { server: 'one', clock: () => NOON, leaseMs: MINUTE });
    await started;
    const { handler, seen } = collector();
    expect(await deliverPending(db, [handler], { server: 'one', clock: () => NOON + 1 })).toMatchObject({
      delivered: 0,
    });
    expect(await deliverPending(db, [handler], { server: 'one', clock: () => NOON + MINUTE })).toMatchObject({
      delivered: 1,
    });
    expect(seen).toHaveLength(1);
  });

  it('has an event nobody waits for delivered at once', async () => {
    const db = await opened();
    await emitted(db, moved('aa'));
    expect(await deliverPending(db, [], { server: 'one', clock: () => NOON })).toMatchObject({ delivered: 1 });
  });

  it('writes acts down', async () => {
    const db = await opened();
    await audit(db, { actor: 'ada\0', action: 'cancel', subject: 'build/1', reason: null }, NOON);
    expect(await listAudit(db, { actor: 'ada\uFFFD' })).toMatchObject([{ action: 'cancel', createdAt: NOON }]);
    expect(await listAudit(db, { subject: 'build/2' })).toEqual([]);
  });
});

describeEngines('maintainers', (fresh) => {
  const failure: FinishedWork = { result: 'failure', reason: 'build_failed', detail: null };
  const success: FinishedWork = { result: 'success', reason: null, detail: null, snapshot: null };
  const infra: FinishedWork = { result: 'failure', reason: 'infra_error', detail: null };
  const topic = 'project/tool/fedora-43-x86_64';

  /** Builds commits 1…n in history order and lets them finish in the order given: `3-` is the third one failing, `2+` the second succeeding. */
  async function story(db: Db, order: string): Promise<{ news: string[]; ids: number[] }> {
    const plan = order.split(' ');
    const builds: Awaited<ReturnType<typeof build>>[] = [];
    for (let n = 1; n <= Math.max(...plan.map((step) => parseInt(step, 10))); n += 1)
      builds.push(await build(db, `c${n}`));
    for (const step of plan) {
      const made = builds[parseInt(step, 10) - 1];
      if (made === undefined) throw new Error(step);
      const { state, result } = await requireBuild(db, made.id);
      if (state === 'finished') await recheck(db, made.id, { actor: 'a', force: result === 'success', now: NOON });
      else await enqueue(db, made, { now: NOON });
      const attempt = await claim(db, { worker: 'w', now: NOON, leaseMs: 1, filter: { buildIds: [made.id] } });
      if (attempt === null) throw new Error('nothing to claim');
      await finishAttempt(
        db,
        leaseOf(attempt),
        step.endsWith('+') ? success : step.endsWith('-') ? failure : infra,
        NOON,
      );
    }
    const ids = builds.map(({ id }) => id);
    const events = (await listTopic(db, topic)).filter(({ kind }) => kind !== 'build_finished');
    const number = (id: unknown) => ids.indexOf(id as number) + 1;
    const news = events.map(({ kind, payload }) => {
      const { buildId } = payload as { buildId: number };
      return `${kind === 'build_failed_first' ? 'broken' : 'whole'} ${number(buildId)}`;
    });
    return { news, ids };
  }

  it.each([
    ['1+ 2+ 3+', []],
    ['1+ 2- 3- 4-', ['broken 2']],
    ['1+ 2- 3- 4+ 5+', ['broken 2', 'whole 4']],
    ['1+ 2- 3+ 4- 5+', ['broken 2', 'whole 3', 'broken 4', 'whole 5']],
    // The first build of all fails.
    ['1- 2-', ['broken 1']],
    // Out of order: the mending commit was faster.
    ['1+ 3+ 2-', []],
    ['1+ 3- 2- 5+ 4-', ['broken 3', 'whole 5']],
    // A late older success does not mend what a newer one shows broken.
    ['1+ 2- 4- 3+ 5+', ['broken 2', 'whole 5']],
    // Infrastructure errors are nobody's break.
    ['1+ 2? 3+', []],
    ['1+ 2? 3- 4?', ['broken 3']],
    // Rechecked to a success.
    ['1+ 2- 2- 2+', ['broken 2', 'whole 2']],
    // A forced rebuild of a success that fails takes nothing back.
    ['1+ 1-', []],
  ])('are told of a break and of its end: %s', async (order, expected) => {
    const db = await (await fresh()).open();
    expect((await story(db, order)).news).toEqual(expected);
  });

  it('learn which build broke it, which was good before, and which break ended', async () => {
    const db = await (await fresh()).open();
    const { ids } = await story(db, '1+ 2- 3+');
    const payloads = (await listTopic(db, topic)).filter(({ kind }) => kind !== 'build_finished');
    expect(payloads.map(({ payload }) => payload)).toEqual([
      { project: 'tool', target: 'fedora-43-x86_64', buildId: ids[1], lastSuccess: ids[0] },
      { project: 'tool', target: 'fedora-43-x86_64', buildId: ids[2], brokenBy: ids[1] },
    ]);
    expect(await readNotice(db, 'tool', 'fedora-43-x86_64')).toEqual({
      told: 'healthy',
      buildId: ids[2],
      toldAt: NOON,
    });
  });

  it('are told once when two failures are committed at the same moment', async () => {
    const database = await fresh();
    const db = await database.open();
    await story(db, '1+');
    const leases = [];
    for (const name of 'abcdefgh') {
      await enqueue(db, await build(db, name), { now: NOON });
      const attempt = await claim(db, { worker: 'w', now: NOON, leaseMs: 1 });
      if (attempt !== null) leases.push(leaseOf(attempt));
    }
    await Promise.all(leases.map((lease) => finishAttempt(db, lease, failure, NOON)));
    const kinds = (await listTopic(db, topic)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'build_failed_first')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'build_finished')).toHaveLength(9);
  });
});
