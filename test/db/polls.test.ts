import { expect, test } from 'vitest';
import {
  listPolls,
  nextPollAt,
  pollSoon,
  schedulePolls,
  settlePoll,
  takePoll,
  keepPoll,
  releasePolls,
} from '../../src/db/index.ts';
import { describeEngines } from '../databases.ts';

describeEngines('polls', (fresh) => {
  test('are taken when they are due, by one taker, and come again when they were settled to', async () => {
    const db = await (await fresh()).open();
    await schedulePolls(
      db,
      new Map([
        ['alpha', 100],
        ['beta', 50],
        ['gamma', 900],
      ]),
    );
    await schedulePolls(
      db,
      new Map([
        ['alpha', 5],
        ['beta', 5],
        ['gamma', 5],
      ]),
    );
    expect(await nextPollAt(db)).toBe(50);
    const taken = await Promise.all([1, 2, 3, 4].map(() => takePoll(db, { now: 200, until: 5000, by: 'one' })));
    expect(
      taken
        .map((poll) => poll?.project)
        .filter(Boolean)
        .sort(),
    ).toEqual(['alpha', 'beta']);
    await settlePoll(db, 'alpha', { began: 200, dueAt: 1000, error: 'no such host\u0000' });
    await settlePoll(db, 'alpha', { began: 200, dueAt: 1000, error: 'no such host' });
    await settlePoll(db, 'beta', { began: 200, dueAt: 800, error: null });
    expect(await listPolls(db)).toMatchObject([
      { project: 'alpha', dueAt: 1000, failures: 2, error: 'no such host', polledAt: 200 },
      { project: 'beta', dueAt: 800, failures: 0, error: null },
      { project: 'gamma', dueAt: 900, polledAt: null },
    ]);
    await schedulePolls(db, new Map([['beta', 1]]));
    expect((await listPolls(db)).map(({ project }) => project)).toEqual(['beta']);
  });

  test('what is asked for before anybody planned to look at it is looked at, and planned once', async () => {
    const db = await (await fresh()).open();
    await pollSoon(db, ['alpha', 'beta'], 300);
    await pollSoon(db, ['alpha'], 400);
    expect(await listPolls(db)).toMatchObject([
      { project: 'alpha', dueAt: 300, askedAt: 400, failures: 0 },
      { project: 'beta', dueAt: 300, askedAt: 300, failures: 0 },
    ]);
    await schedulePolls(
      db,
      new Map([
        ['alpha', 10_000],
        ['gamma', 10_000],
      ]),
    );
    expect(await listPolls(db)).toMatchObject([
      { project: 'alpha', dueAt: 300 },
      { project: 'gamma', dueAt: 10_000 },
    ]);
    expect((await takePoll(db, { now: 500, until: 9999, by: 'one' }))?.project).toBe('alpha');
  });

  test('what is asked for comes at once, and again when it was asked for while it was being looked at', async () => {
    const db = await (await fresh()).open();
    await schedulePolls(db, new Map([['alpha', 10_000]]));
    await pollSoon(db, ['alpha'], 300);
    await pollSoon(db, [], 300);
    expect((await takePoll(db, { now: 310, until: 9999, by: 'one' }))?.askedAt).toBe(300);
    await pollSoon(db, ['alpha'], 320);
    await settlePoll(db, 'alpha', { began: 310, dueAt: 10_000, error: null });
    expect((await takePoll(db, { now: 330, until: 9999, by: 'one' }))?.project).toBe('alpha');
    await settlePoll(db, 'alpha', { began: 330, dueAt: 10_000, error: null });
    expect(await takePoll(db, { now: 340, until: 9999, by: 'one' })).toBeNull();
    expect(await listPolls(db)).toMatchObject([{ askedAt: null, dueAt: 10_000 }]);
  });

  test('what a server left in hand it finds again at its next start; another one leaves it alone', async () => {
    const db = await (await fresh()).open();
    await schedulePolls(
      db,
      new Map([
        ['alpha', 1],
        ['beta', 1],
        ['gamma', 1],
      ]),
    );
    for (const by of ['one', 'two', 'one']) await takePoll(db, { now: 10, until: 500, by });
    await settlePoll(db, 'gamma', { began: 10, dueAt: 700, error: null });
    // Put off for as long as it is said to be in hand.
    await keepPoll(db, 'alpha', { now: 20, until: 600, by: 'one' });
    await keepPoll(db, 'beta', { now: 20, until: 600, by: 'one' });
    expect((await listPolls(db)).map(({ dueAt }) => dueAt)).toEqual([600, 500, 700]);
    await releasePolls(db, { now: 30, by: 'one' });
    const others = db.adapter.skipsLockedRows ? 500 : 30;
    expect((await listPolls(db)).map(({ dueAt }) => dueAt)).toEqual([30, others, 700]);
  });
});
