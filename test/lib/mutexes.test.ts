import { expect, test } from 'vitest';
import { createMutexes } from '../../src/lib/index.ts';

const soon = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('one holder at a time for a name, in the order they came; other names do not wait; a failure lets the next one in', async () => {
  const mutexes = createMutexes();
  const seen: string[] = [];
  const hold = (name: string, word: string, milliseconds: number) =>
    mutexes.hold(name, async () => {
      seen.push(`${word} in`);
      await soon(milliseconds);
      seen.push(`${word} out`);
      if (word === 'b') throw new Error('b failed');
    });
  const results = await Promise.allSettled([
    hold('x', 'a', 20),
    hold('x', 'b', 1),
    hold('x', 'c', 1),
    hold('y', 'd', 5),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  expect(seen.filter((line) => !line.startsWith('d'))).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
  expect(seen.indexOf('d out')).toBeLessThan(seen.indexOf('a out'));
});
