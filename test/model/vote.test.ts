import { expect, it } from 'vitest';
import { checkJob, checkVotedAt, checkVoteWords, MARK_DEFAULT, MARK_LONGEST, markEnd } from '../../src/model/index.ts';

const words = { job: 'tempest', url: 'https://ci.example.org/42', notes: null };
const REFUSED = { code: 'invalid_argument' };
const refused = (call: () => unknown) => {
  expect(call).toThrow(expect.objectContaining(REFUSED) as Error);
};

it('a vote links to the web and nowhere else', () => {
  expect(checkVoteWords(words)).toEqual(words);
  expect(checkVoteWords({ ...words, url: null })).toMatchObject({ url: null });
  for (const url of [
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    '//ci.example.org/x',
    'ci.example.org',
    '',
    'https://ci.example.org/\nX: y',
    'https://user:secret@ci.example.org/',
    `https://ci.example.org/${'x'.repeat(3000)}`,
  ])
    refused(() => checkVoteWords({ ...words, url }));
});

it('a vote has limits', () => {
  for (const job of ['', '  ', 'a\nb', 'a\u009bb', 'x'.repeat(257)]) refused(() => checkJob(job));
  expect(checkJob('periodic tempest / fs001')).toBe('periodic tempest / fs001');
  expect(checkVoteWords({ ...words, notes: 'x'.repeat(10_000) }).notes).toHaveLength(10_000);
  refused(() => checkVoteWords({ ...words, notes: 'x'.repeat(10_001) }));
});

it('a vote is not cast in time to come, and no mark holds for ever', () => {
  expect(checkVotedAt(1000, 2000)).toBe(1000);
  expect(checkVotedAt(2000 + 60_000, 2000)).toBe(62_000);
  for (const at of [2000 + 600_000, -1, NaN, Infinity, 1.5]) refused(() => checkVotedAt(at, 2000));
  expect(markEnd(null, 5)).toBe(5 + MARK_DEFAULT);
  expect(markEnd(MARK_LONGEST, 5)).toBe(5 + MARK_LONGEST);
  for (const lasts of [0, -1, 999, MARK_LONGEST + 1, Infinity, NaN]) refused(() => markEnd(lasts, 5));
});
