import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { together } from '../../src/lib/index.ts';

test('when one fails the others are told, and have ended when the failure is thrown', async () => {
  const ended: string[] = [];
  const going = async (signal: AbortSignal) => {
    while (!signal.aborted) await pause(5);
    await pause(20);
    ended.push('other');
  };
  const failing = async () => {
    await pause(10);
    throw new Error('the first');
  };
  await expect(together(new AbortController().signal, [going, failing])).rejects.toThrow('the first');
  expect(ended).toEqual(['other']);
});

test('the signal from outside ends all', async () => {
  const stop = new AbortController();
  setTimeout(() => {
    stop.abort();
  }, 10);
  const until = async (signal: AbortSignal) => {
    while (!signal.aborted) await pause(5);
  };
  await together(stop.signal, [until, until]);
  expect(stop.signal.aborted).toBe(true);
});
