import { expect, test, vi } from 'vitest';
import { createMemory } from '../../src/lib/index.ts';

test('what was used least recently goes first, and weight is given back', () => {
  const memory = createMemory<string>(6, (text) => text.length);
  memory.set('a', 'aa');
  memory.set('b', 'bb');
  memory.set('c', 'cc');
  expect(memory.get('a')).toBe('aa');
  memory.set('d', 'dd');
  expect(['a', 'b', 'c', 'd'].filter((key) => memory.has(key))).toEqual(['a', 'c', 'd']);
  memory.set('a', 'aaaa');
  expect(['a', 'c', 'd'].filter((key) => memory.has(key))).toEqual(['a', 'd']);
  memory.clear();
  memory.set('e', 'eeeeee');
  expect(memory.size).toBe(1);
});

test('everything is let go once nothing was used for the time given', () => {
  vi.useFakeTimers();
  try {
    const onIdle = vi.fn();
    const memory = createMemory<string>(6, (text) => text.length, { idle: 1000, onIdle });
    memory.set('a', 'aaaaaa');
    vi.advanceTimersByTime(900);
    expect(memory.get('a')).toBe('aaaaaa');
    vi.advanceTimersByTime(900);
    // Not a use.
    expect(memory.has('a')).toBe(true);
    expect(onIdle).not.toHaveBeenCalled();
    vi.advanceTimersByTime(100);
    expect(memory.size).toBe(0);
    expect(onIdle).toHaveBeenCalledOnce();
    memory.set('b', 'bbbbbb');
    expect(memory.has('b')).toBe(true);
    vi.advanceTimersByTime(1000);
    expect(memory.has('b')).toBe(false);
  } finally {
    vi.useRealTimers();
  }
});
