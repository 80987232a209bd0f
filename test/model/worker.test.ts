import { expect, test } from 'vitest';
import { misfit, type Target } from '../../src/model/index.ts';

const target = {
  format: 'rpm',
  builder: 'mock',
  arch: 'x86_64',
  labels: ['gpu'],
  limits: { memory: 4 * 2 ** 30 },
} as unknown as Target;
const worker = {
  formats: ['rpm'] as const,
  builders: ['sandbox', 'mock'],
  architectures: ['x86_64'],
  memory: 2 ** 33,
  labels: ['gpu', 'big'],
};

test('a worker fits a target whose format, builder, architecture and memory it has', () => {
  expect(misfit(target, worker)).toBeNull();
});

test.each([
  [{ formats: ['deb'] as const }, 'the format is rpm, and the worker has deb'],
  [{ builders: [] }, 'the builder is mock, and the worker has none'],
  [{ architectures: ['aarch64', 'arm64'] }, 'the architecture is x86_64, and the worker has aarch64, arm64'],
  [{ labels: ['big'] }, 'the label is gpu, and the worker has big'],
  [{ memory: 2 ** 30 }, 'a build may take 4096 MiB of memory, and the worker has 1024'],
])('%j does not', (lack, why) => {
  expect(misfit(target, { ...worker, ...lack })).toBe(why);
});
