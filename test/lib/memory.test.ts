import { expect, test } from 'vitest';
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
