import { describe, expect, test } from 'vitest';
import { createAgain } from '../../src/server/repositories/again.ts';

const limited = { code: 'rate_limited' };

function opened() {
  const made: string[] = [];
  let time = 0;
  let atOnce = 0;
  let most = 0;
  const again = createAgain({
    now: () => time,
    isKnown: ({ hash }) => Promise.resolve(!hash.startsWith('made-up')),
    async make({ hash }) {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await new Promise((resolve) => setImmediate(resolve));
      atOnce -= 1;
      made.push(hash);
    },
  });
  return {
    made,
    most: () => most,
    pass: (ms: number) => (time += ms),
    ask: (hash: string, target = 'a') => again({ target, hash }),
  };
}

describe('snapshots that are made again because somebody asks', () => {
  test('are made one at a time for a target, and few wait; another target’s have their own turn', async () => {
    const { ask, made, most } = opened();
    const settled = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => ask(`s${n}`)));
    expect([made.length, most()]).toEqual([5, 1]);
    const refused = settled.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(15);
    expect(refused[0]).toMatchObject({ reason: { ...limited, retryAfter: 5 } });
    await Promise.all([...[1, 2, 3, 4, 5].map((n) => ask(`t${n}`)), ask('t1', 'b')]);
    expect(most()).toBe(2);
  });

  test('are made once for all who ask at the same time, and never when they are made up', async () => {
    const { ask, made } = opened();
    expect(await Promise.all(Array.from({ length: 50 }, () => ask('one')))).not.toContain(false);
    expect(await Promise.all(Array.from({ length: 50 }, (_, n) => ask(`made-up ${n}`)))).not.toContain(true);
    expect(made).toEqual(['one']);
  });

  test('are so many an hour', async () => {
    const { ask, made, pass } = opened();
    for (let n = 0; n < 60; n += 1) await ask(`s${n}`);
    pass(600_000);
    await expect(ask('more')).rejects.toMatchObject({ ...limited, retryAfter: 3000 });
    expect(await ask('elsewhere', 'b')).toBe(true);
    pass(3_000_000);
    expect(await ask('more')).toBe(true);
    expect(made).toHaveLength(62);
  });
});
