import { expect, it } from 'vitest';
import { requireBuild } from '../../src/db/index.ts';
import { claim, openAttempts, rankProject, recheck, shedBacklogs } from '../../src/queue/index.ts';
import { describeEngines } from '../databases.ts';
import { NOON } from '../db/samples.ts';
import { claimed, MINUTE, queued, ran, success } from './work.ts';

const TARGET = 'fedora-43-x86_64';

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
    const open = await openAttempts(db, { places: 1, now: NOON + 50_000 });
    expect(open.map(({ expected, waits }) => ({ expected, ...waits }))).toEqual([
      { expected: 50_000, reason: 'next', before: 0, startsAt: NOON + 50_000 },
      { expected: 50_000, reason: 'behind', before: 1, startsAt: NOON + 100_000 },
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
    expect(await shedBacklogs(db, { ...options, limit: 25_000 })).toEqual([
      { target: TARGET, builds: 4, waiting: 60_000 },
    ]);
    const results = await Promise.all([...ids, ...other].map(async (id) => (await requireBuild(db, id)).result));
    expect(results).toEqual(['skipped', 'skipped', 'skipped', null, 'skipped', null]);
    const skipped = ids[2] ?? 0;
    expect(await requireBuild(db, skipped)).toMatchObject({ state: 'finished', reason: 'superseded' });
    expect((await recheck(db, skipped, { actor: 'ada', now })).made).toBe(true);
  });
});
