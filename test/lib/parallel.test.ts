import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { inParallel } from '../../src/lib/index.ts';

test('answers stand in the order of the items, and no more than the limit run at once', async () => {
  let running = 0;
  let most = 0;
  const answers = await inParallel(3, [5, 1, 4, 2, 3], async (item) => {
    running += 1;
    most = Math.max(most, running);
    await pause(item * 4);
    running -= 1;
    return item * 10;
  });
  expect(answers).toEqual([50, 10, 40, 20, 30]);
  expect(most).toBe(3);
  expect(await inParallel(3, [], () => Promise.reject(new Error('never asked')))).toEqual([]);
});

test('after a failure nothing further begins, and what had begun has ended when it is thrown', async () => {
  const ended: number[] = [];
  const work = async (item: number) => {
    await pause(item * 4);
    if (item === 1) throw new Error('the first');
    ended.push(item);
  };
  await expect(inParallel(2, [1, 5, 9, 9], work)).rejects.toThrow('the first');
  expect(ended).toEqual([5]);
});
