import { expect, test } from 'vitest';
import { regularFiles } from '../../../src/drivers/formats/packaging-tree.ts';
import { TrunklineError } from '../../../src/lib/index.ts';
import { packagingFile } from './stage-request.ts';

const link = (path: string, target: string) => packagingFile(path, '', { link: target });
const file = (path: string, content = path) => packagingFile(path, content);

function contents(...files: Parameters<typeof regularFiles>[0]): Record<string, string> {
  return Object.fromEntries(regularFiles(files).map(({ path, content }) => [path, Buffer.from(content).toString()]));
}

test('links to files, to directories and through other links become what they lead to', () => {
  expect(
    contents(
      file('a'),
      file('d/x'),
      file('d/e/y'),
      link('to-a', 'a'),
      link('d/up', '../a'),
      link('dir', 'd/e/'),
      link('via', 'dir/../up'),
      link('chain', './to-a'),
    ),
  ).toEqual({
    a: 'a',
    'd/x': 'd/x',
    'd/e/y': 'd/e/y',
    'to-a': 'a',
    'd/up': 'a',
    'dir/y': 'd/e/y',
    via: 'a',
    chain: 'a',
  });
});

test.each<[string, Parameters<typeof regularFiles>[0], string]>([
  ['an absolute link', [link('x', '/etc/passwd')], 'leads out'],
  ['a link upwards', [file('d/a'), link('d/x', '../../etc/passwd')], 'leads out'],
  ['a link upwards and back', [file('a'), link('x', '../packaging/a')], 'leads out'],
  ['a link out through a link', [file('d/e/a'), link('d/l', 'e'), link('x', 'd/l/../../../a')], 'leads out'],
  ['a link to nothing', [link('x', 'missing')], 'leads to nothing'],
  ['an empty link', [file('a'), link('d/x', '')], 'lies in'],
  ['a link to itself', [link('x', 'x')], 'circle'],
  ['links in a circle', [link('x', 'y'), link('y', 'x')], 'circle'],
  ['a link to its own directory', [file('d/a'), link('d/x', '.')], 'lies in'],
  ['directories that hold links to each other', [file('a/f'), link('a/b', '../c'), link('c/d', '../a')], 'circle'],
  [
    'links that multiply',
    [
      file('0/f'),
      ...Array.from({ length: 20 }, (_, n) => [
        link(`${String(n + 1)}/a`, `../${String(n)}`),
        link(`${String(n + 1)}/b`, `../${String(n)}`),
      ]).flat(),
    ],
    'multiplies',
  ],
])('%s is refused', (_, files, message) => {
  expect(() => regularFiles(files)).toThrow(TrunklineError);
  expect(() => regularFiles(files)).toThrow(message);
});

test.each(['../x', '/x', 'a//b', 'a/./b', './a', 'a\nb', 'a\0b', '', 'a/', 'a\\b', '..'])(
  'the path %j is refused',
  (path) => {
    expect(() => regularFiles([file(path)])).toThrow('has a file with the path');
  },
);
