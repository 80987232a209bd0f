import { expect, test } from 'vitest';
import { listPolls, nextPollAt, pollSoon, schedulePolls, settlePoll, takePoll } from '../../src/db/index.ts';
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
    const taken = await Promise.all([1, 2, 3, 4].map(() => takePoll(db, 200, 5000)));
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

  test('what is asked for comes at once, and again when it was asked for while it was being looked at', async () => {
    const db = await (await fresh()).open();
    await schedulePolls(db, new Map([['alpha', 10_000]]));
    await pollSoon(db, ['alpha', 'unknown'], 300);
    await pollSoon(db, [], 300);
    expect((await takePoll(db, 310, 9999))?.askedAt).toBe(300);
    await pollSoon(db, ['alpha'], 320);
    await settlePoll(db, 'alpha', { began: 310, dueAt: 10_000, error: null });
    expect((await takePoll(db, 330, 9999))?.project).toBe('alpha');
    await settlePoll(db, 'alpha', { began: 330, dueAt: 10_000, error: null });
    expect(await takePoll(db, 340, 9999)).toBeNull();
    expect(await listPolls(db)).toMatchObject([{ askedAt: null, dueAt: 10_000 }]);
  });
});
