import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { listAttempts, listWaiting, recordDuration, requireBuild, saveWorker, type Db } from '../../src/db/index.ts';
import type { Settings } from '../../src/model/index.ts';
import { claim, LOOKED_AT, openAttempts, rankProject, recheck, shedBacklogs, waitsOf } from '../../src/queue/index.ts';
import { describeEngines } from '../databases.ts';
import { NOON } from '../db/samples.ts';
import { claimed, MINUTE, queued, ran, success } from './work.ts';

const TARGET = 'fedora-43-x86_64';
const settings = {
  jobs: 8,
  targets: [TARGET, 'elsewhere'].map((name) => ({
    ...{ name, labels: [], format: 'rpm', builder: 'b', arch: 'noarch' },
  })),
  server: { labels: [] },
} as unknown as Settings;

/** Somebody who builds for `targets`, so many at once. */
function present(db: Db, name: string, targets: string[], places: number): Promise<void> {
  const profile = { architectures: [], formats: [], builders: [], memory: 0, labels: [], places };
  return saveWorker(db, { name, host: 'h', version: '1', profile, targets }, NOON);
}

/** Puts what was queued last into the queue so many times more. */
async function multiply(db: Db, times: number): Promise<void> {
  const n = sql`(with recursive n(i) as (select 1 union all select i + 1 from n where i < ${sql.lit(times)}) select i from n) as n`;
  const ids = async (table: 'revisions' | 'builds' | 'attempts') =>
    sql.lit(
      (
        await db.sql
          .selectFrom(table)
          .select(({ fn }) => fn.max('id').as('id'))
          .executeTakeFirstOrThrow()
      ).id,
    );
  const [revision, build, attempt] = [await ids('revisions'), await ids('builds'), await ids('attempts')];
  await sql`insert into revisions (project, format, upstream_hash, upstream_info, distgit_hash, distgit_info, sequence, created_at)
    select project, format, 'x' || cast(i as text), upstream_info, distgit_hash, distgit_info, sequence + i, created_at from revisions, ${n} where id = ${revision}`.execute(
    db.sql,
  );
  await sql`insert into builds (project, target, revision_id, sequence, state, created_at)
    select b.project, b.target, r.id, r.sequence, 'pending', b.created_at from builds b, revisions r where b.id = ${build} and r.id > ${revision}`.execute(
    db.sql,
  );
  await sql`insert into attempts (build_id, number, kind, rebuild, retries, priority, commit_time, state, lease, not_before_at, created_at, timings)
    select b.id, 1, 'initial', 0, 0, priority, commit_time, 'pending', 0, not_before_at, a.created_at, timings from attempts a, builds b where a.id = ${attempt} and b.id > ${build}`.execute(
    db.sql,
  );
}

describeEngines('what a server builds first', (fresh) => {
  const opened = async () => {
    const db = await (await fresh()).open();
    let commit = 0;
    const push = async (project: string, commits: number) => {
      const ids: number[] = [];
      for (let n = 1; n <= commits; n++) ids.push((await queued(db, `${project}-${String(++commit)}`, { project })).id);
      await db.transaction((tx) => rankProject(tx, { project, target: TARGET }));
      return ids;
    };
    return { db, push };
  };

  it('is what a person asked for, then newest commits, then backlogs in turn, the short ones over first', async () => {
    const { db, push } = await opened();
    const [asked = 0] = await push('asked', 1);
    await ran(db, { result: 'failure', reason: 'build_failed', detail: null });
    const long = await push('long', 5);
    const short = await push('short', 2);
    await recheck(db, asked, { actor: 'ada', now: NOON });
    const order: number[] = [];
    for (let next = await claim(db, { worker: 'w', now: NOON, leaseMs: MINUTE }); next !== null;) {
      order.push(next.buildId);
      next = await claim(db, { worker: 'w', now: NOON, leaseMs: MINUTE });
    }
    expect(order[0]).toBe(asked);
    expect(new Set(order.slice(1, 3))).toEqual(new Set([long[4], short[1]]));
    // The first of both backlogs, then what is left of the long one, the oldest first.
    expect(new Set(order.slice(3, 5))).toEqual(new Set([long[0], short[0]]));
    expect(order.slice(5)).toEqual([long[1], long[2], long[3]]);
  });

  it('is the newest again when another commit comes while the rest waits', async () => {
    const { db, push } = await opened();
    await push('tool', 2);
    const [third] = await push('tool', 1);
    expect((await claimed(db)).buildId).toBe(third);
  });

  it('is known to take as long as it took before, and what waits is told about when it starts', async () => {
    const { db, push } = await opened();
    await push('tool', 1);
    await ran(db, success, NOON);
    await push('slow', 1);
    const attempt = await claimed(db, NOON);
    const { finishAttempt, leaseOf } = await import('../../src/queue/index.ts');
    await finishAttempt(db, leaseOf(attempt), success, NOON + 40_000);
    await push('slow', 1);
    await finishAttempt(db, leaseOf(await claimed(db, NOON)), success, NOON + 80_001);
    await push('slow', 2);
    await present(db, 'worker/one/a', [TARGET], 1);
    const open = await openAttempts(db, settings, NOON + 50_000);
    expect(open.map(({ expected, waits }) => ({ expected, ...waits }))).toEqual([
      { expected: 50_000, reason: 'next', before: 0, startsAt: NOON + 50_000 },
      { expected: 50_000, reason: 'behind', before: 1, startsAt: NOON + 100_000 },
    ]);
  });

  it('begins where there is a place for its target, with as many at once as there really are', async () => {
    const { db, push } = await opened();
    await push('tool', 1);
    const other = await queued(db, 'other-1', { project: 'other', target: 'elsewhere' });
    const seen = async (now = NOON) =>
      new Map((await openAttempts(db, settings, now)).map(({ target, waits }) => [target, waits?.reason]));
    // Not even the configuration's jobs: nobody is there.
    expect([...(await seen()).values()]).toEqual(['no_place', 'no_place']);
    await present(db, 'serve@here', [], 0);
    await present(db, 'worker/one/a', [TARGET], 2);
    const stuck = (await openAttempts(db, settings, NOON)).find(({ target }) => target === 'elsewhere');
    expect(stuck?.waits).toMatchObject({ reason: 'no_worker', startsAt: null });
    expect(stuck?.waits?.detail).toContain('serve@here: builds nothing itself; worker/one/a: ');
    await present(db, 'worker/one/b', ['elsewhere'], 1);
    const running = await claim(db, {
      worker: 'worker/one/b',
      now: NOON,
      leaseMs: MINUTE,
      filter: { targets: ['elsewhere'] },
    });
    expect(running?.buildId).toBe(other.id);
    await push('tool', 4);
    const open = (await openAttempts(db, settings, NOON)).filter(({ state }) => state === 'pending');
    // Two places; how long a build takes nobody knows yet.
    expect(open.map(({ waits }) => waits?.startsAt)).toEqual([NOON, NOON, null, null, null]);
    // Who is not heard of any more has no place.
    expect((await seen(NOON + 10 * MINUTE)).get(TARGET)).toBe('no_place');
  });

  it('is told of behind the first five thousand too', async () => {
    const { db, push } = await opened();
    await present(db, 'worker/one/a', [TARGET], 1);
    await present(db, 'worker/one/b', ['elsewhere'], 1);
    await push('tool', 1);
    await ran(db, success, NOON);
    await recordDuration(db, { project: 'tool', target: TARGET }, 1000);
    await queued(db, 'seed', { project: 'many', priority: 1 });
    await multiply(db, LOOKED_AT + 1000);
    const far = await queued(db, 'far', { priority: 9, time: NOON / 1000 + 1 });
    const last = await queued(db, 'last', { priority: 9, time: NOON / 1000 + 2 });
    const elsewhere = await queued(db, 'elsewhere', { target: 'elsewhere', priority: 9 });
    const ask = async ({ id, target }: { id: number; target: string }) => {
      const attempts = (await listAttempts(db, id)).map((one) => ({ ...one, target }));
      return [...(await waitsOf(db, settings, attempts, NOON)).values()];
    };
    const before = LOOKED_AT + 1001;
    const { milliseconds = 0 } = (await db.sql.selectFrom('durations').selectAll().executeTakeFirst()) ?? {};
    const [[waits], [next], [alone]] = [await ask(far), await ask(last), await ask(elsewhere)];
    expect(waits).toMatchObject({ reason: 'behind', before });
    expect(Math.abs((waits?.startsAt ?? 0) - NOON - before * milliseconds)).toBeLessThan(2 * before);
    expect(next).toMatchObject({ reason: 'behind', before: before + 1 });
    // Those thousands are not in the way of what is built elsewhere.
    expect(alone).toEqual({ reason: 'next', before: 0, startsAt: NOON });
    const page = await listWaiting(db, { target: TARGET, limit: 10, after: { priority: 8, commitTime: 0, id: 0 } });
    expect([...(await waitsOf(db, settings, page, NOON)).values()].map((one) => one.before)).toEqual([
      before,
      before + 1,
    ]);
  });

  it('is newest commits alone when more waits than can be done; the others stay buildable', async () => {
    const { db, push } = await opened();
    await push('tool', 1);
    const attempt = await claimed(db, NOON);
    const { finishAttempt, leaseOf } = await import('../../src/queue/index.ts');
    await finishAttempt(db, leaseOf(attempt), success, NOON + 10_000);
    const ids = await push('tool', 4);
    const other = await push('other', 2);
    const now = NOON + 20_000;
    const options = { targets: [TARGET, 'elsewhere'], places: 2, now };
    // With nobody building nobody can say how long it would take.
    expect(await shedBacklogs(db, { ...options, places: 0, limit: 1 })).toEqual([]);
    expect(await shedBacklogs(db, { ...options, limit: 30_000 })).toEqual([]);
    // Those who build for it count, and those who build for others only do not.
    await present(db, 'one', [TARGET], 3);
    await present(db, 'two', ['elsewhere'], 9);
    expect(await shedBacklogs(db, { ...options, limit: 20_000 })).toEqual([]);
    expect(await shedBacklogs(db, { ...options, limit: 19_000 })).toEqual([
      { target: TARGET, builds: 4, waiting: 60_000 },
    ]);
    const results = await Promise.all([...ids, ...other].map(async (id) => (await requireBuild(db, id)).result));
    expect(results).toEqual(['skipped', 'skipped', 'skipped', null, 'skipped', null]);
    const skipped = ids[2] ?? 0;
    expect(await requireBuild(db, skipped)).toMatchObject({ state: 'finished', reason: 'superseded' });
    expect((await recheck(db, skipped, { actor: 'ada', now })).made).toBe(true);
  });
});
