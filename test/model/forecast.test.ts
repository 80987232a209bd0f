import fc from 'fast-check';
import { expect, test } from 'vitest';
import { forecast, rivalsOf, type Forecastable, type Place } from '../../src/model/index.ts';

const NOW = 1_000_000;
const waiting = (id: number, expected: number | null, notBefore = 0, target = 't'): Forecastable => ({
  ...{ id, target, notBefore, expected },
});
const place = (freeAt: number | null = NOW, targets: string[] | null = null): Place => ({ targets, freeAt });

test('the queue is played through: two places, one of them taken for three seconds more', () => {
  const open = [waiting(2, 1000), waiting(3, 1000), waiting(4, 9000, NOW + 60_000), waiting(5, 1)];
  expect([...forecast(open, { places: [place(NOW + 3000), place()], now: NOW })]).toEqual([
    [2, { reason: 'next', before: 0, startsAt: NOW }],
    [3, { reason: 'behind', before: 1, startsAt: NOW + 1000 }],
    [5, { reason: 'behind', before: 2, startsAt: NOW + 2000 }],
    [4, { reason: 'retry_pause', before: 3, startsAt: NOW + 60_000 }],
  ]);
});

test('each target waits for the places that build for it, and for those who take them before', () => {
  const places = [place(NOW + 100, ['a', 'b']), place(NOW, ['b']), place(NOW, ['c'])];
  const open = [
    waiting(1, 1000, 0, 'b'),
    waiting(2, 1000, 0, 'a'),
    waiting(3, 1000, 0, 'c'),
    waiting(4, 1000, 0, 'b'),
    waiting(5, 1000, 0, 'd'),
  ];
  expect([...forecast(open, { places, now: NOW })]).toEqual([
    [1, { reason: 'next', before: 0, startsAt: NOW }],
    [2, { reason: 'behind', before: 1, startsAt: NOW + 100 }],
    [3, { reason: 'next', before: 0, startsAt: NOW }],
    [4, { reason: 'behind', before: 2, startsAt: NOW + 1000 }],
    [5, { reason: 'no_place', before: 0, startsAt: null }],
  ]);
  expect(['a', 'c', 'd'].map((target) => [...(rivalsOf(places, target) ?? [])])).toEqual([['a', 'b'], ['c'], []]);
});

test('nobody can say where nothing is known, or nobody builds', () => {
  expect(forecast([waiting(2, 5)], { places: [place(null)], now: NOW }).get(2)).toMatchObject({ startsAt: null });
  expect(forecast([waiting(2, 5)], { places: [], now: NOW }).get(2)).toMatchObject({
    reason: 'no_place',
    startsAt: null,
  });
});

test('never before its time, never before what is claimed before it, and all work is done by as many as there are', () => {
  const attempt = fc.record({ expected: fc.integer({ min: 0, max: 1000 }) });
  fc.assert(
    fc.property(fc.array(attempt, { maxLength: 40 }), fc.integer({ min: 1, max: 5 }), (list, count) => {
      const open = list.map(({ expected }, id) => waiting(id, expected));
      const places = Array.from({ length: count }, () => place());
      const starts = [...forecast(open, { places, now: NOW }).values()].map(({ startsAt }) => startsAt ?? NaN);
      expect(starts).toEqual(starts.toSorted((a, b) => a - b));
      expect(starts.filter((at) => at === NOW).length).toBeGreaterThanOrEqual(Math.min(count, list.length));
      const work = list.reduce((sum, { expected }) => sum + expected, 0);
      expect(Math.max(NOW, ...starts)).toBeLessThanOrEqual(NOW + work / count);
    }),
  );
});
