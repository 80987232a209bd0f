import { expect, test } from 'vitest';
import { checkConfig } from '../../../src/app/config/index.ts';
import { mistakesIn, settingsOf } from './file.ts';

test.each([
  ['a tab for indentation', 'limits:\n\tmemory: 1GiB\n', /^2:1: .*tab.*; indent with spaces$/i],
  [
    'a key that is there twice',
    'jobs: 1\nlog_level: warn\njobs: 2\n',
    /^3:1: this key is there twice; keep one of the two$/,
  ],
  ['an unclosed bracket', 'targets: {\njobs: [1\n', /^\d:\d+: .*; /],
  ['two documents', 'jobs: 1\n---\njobs: 2\n', /^2:1: .*; keep one document; remove the line ---$/],
  ['an unknown tag', 'jobs: !!js/function "x"\n', /^1:7: unresolved tag.*; remove the tag/],
  ['an alias without an anchor', 'jobs: *x\n', /^\d:\d+: .*alias/i],
])('%s', async (_, text, expected) => {
  const mistakes = await mistakesIn(text);
  expect(mistakes.length).toBeGreaterThan(0);
  expect(mistakes[0]).toMatch(expected);
});

test('a duplicate key does not hide other mistakes', async () => {
  expect(await mistakesIn('jobs: 1\njobs: 2\njbos: 3\n')).toHaveLength(2);
});

test('a bomb of aliases is refused at once', async () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 12; i += 1)
    lines.push(`a${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join(', ')}]`);
  const started = performance.now();
  const mistakes = await mistakesIn(lines.join('\n'));
  expect(mistakes).toEqual([expect.stringContaining('too many aliases')]);
  expect(performance.now() - started).toBeLessThan(5000);
});

test.each([
  ['['.repeat(200_000)],
  ['{a: '.repeat(50_000)],
  [Array.from({ length: 3000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
])('nesting without end is a mistake, not a crash', async (text) => {
  expect((await mistakesIn(text)).length).toBeGreaterThan(0);
});

test('a file larger than any configuration is refused', async () => {
  expect(await mistakesIn(`# ${'x'.repeat(4_000_001)}`)).toEqual([expect.stringContaining('larger than 4 MB')]);
});

test('a device that never ends is refused', async () => {
  const { mistakes } = await checkConfig({ config: '/dev/zero', environment: {} });
  expect(mistakes).toEqual([expect.objectContaining({ what: 'the file is larger than 4 MB' })]);
});

test('keys that are special to JavaScript are keys like others', async () => {
  const mistakes = await mistakesIn(
    '__proto__: { jobs: 3 }\nconstructor: 1\nprojects: { __proto__: { upstream: /x } }\n',
  );
  expect(mistakes).toEqual([
    expect.stringContaining('unknown key "__proto__"'),
    expect.stringContaining('unknown key "constructor"'),
    expect.stringContaining('"__proto__" cannot be a name'),
    expect.stringContaining('the key packaging is missing'),
  ]);
  const settings = await settingsOf('projects: { constructor: { upstream: /x, packaging: { rpm: /y } } }\n');
  expect(settings.projects.map(({ name }) => name)).toEqual(['constructor']);
});

test('anchors and merge keys work, and mistakes in them have a place', async () => {
  const text = `
targets: { fedora-43-x86_64: { root: host } }
projects:
  a: &a { upstream: /a, packaging: { rpm: /r }, maintainers: [a@b] }
  b: { <<: *a, upstream: /b }
`;
  const settings = await settingsOf(text);
  expect(settings.projects[1]).toMatchObject({ name: 'b', upstream: { url: '/b' }, maintainers: ['a@b'] });
  expect(await mistakesIn(text.replace('a@b', 'nobody'))).toEqual([
    expect.stringMatching(/^4:63: "nobody"/),
    expect.stringMatching(/^5:/),
  ]);
});

test('an empty file is a configuration of defaults', async () => {
  expect(await settingsOf('')).toMatchObject({ dataDir: '/var/lib/trunkline', targets: [], projects: [] });
});
