import fc from 'fast-check';
import { expect, test } from 'vitest';
import { forecast, type Forecastable } from '../../src/model/index.ts';

const NOW = 1_000_000;
const waiting = (id: number, expected: number | null, notBefore = 0): Forecastable => ({
  ...{ id, state: 'pending', notBefore, startedAt: null, expected },
});
const running = (id: number, startedAt: number, expected: number | null): Forecastable => ({
  ...{ id, state: 'running', notBefore: 0, startedAt, expected },
});

test('the queue is played through: two places, one of them taken for three seconds more', () => {
  const open = [
    running(1, NOW - 2000, 5000),
    waiting(2, 1000),
    waiting(3, 1000),
    waiting(4, 9000, NOW + 60_000),
    waiting(5, 1),
  ];
  expect([...forecast(open, { places: 2, now: NOW })]).toEqual([
    [2, { reason: 'next', before: 0, startsAt: NOW }],
    [3, { reason: 'behind', before: 1, startsAt: NOW + 1000 }],
    [5, { reason: 'behind', before: 2, startsAt: NOW + 2000 }],
    [4, { reason: 'retry_pause', before: 3, startsAt: NOW + 60_000 }],
  ]);
});

test('nobody can say where nothing is known, or nobody builds', () => {
  expect(forecast([running(1, NOW, null), waiting(2, 5)], { places: 1, now: NOW }).get(2)).toMatchObject({
    startsAt: null,
  });
  expect(forecast([waiting(2, 5)], { places: 0, now: NOW }).get(2)).toMatchObject({
    reason: 'no_place',
    startsAt: null,
  });
  // What runs longer than expected is thought to end now.
  expect(forecast([running(1, 0, 10), waiting(2, 5)], { places: 1, now: NOW }).get(2)?.startsAt).toBe(NOW);
});

test('never before its time, never before what is claimed before it, and all work is done by as many as there are', () => {
  const attempt = fc.record({ expected: fc.integer({ min: 0, max: 1000 }) });
  fc.assert(
    fc.property(fc.array(attempt, { maxLength: 40 }), fc.integer({ min: 1, max: 5 }), (list, places) => {
      const open = list.map(({ expected }, id) => waiting(id, expected));
      const starts = [...forecast(open, { places, now: NOW }).values()].map(({ startsAt }) => startsAt ?? NaN);
      expect(starts).toEqual(starts.toSorted((a, b) => a - b));
      expect(starts.filter((at) => at === NOW).length).toBeGreaterThanOrEqual(Math.min(places, list.length));
      const work = list.reduce((sum, { expected }) => sum + expected, 0);
      expect(Math.max(NOW, ...starts)).toBeLessThanOrEqual(NOW + work / places);
    }),
  );
});
