import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openMirror, type Mirror } from '../../../src/lib/git/index.ts';
import { discover, historyOf, type Discovery } from '../../../src/trunk/discovery/index.ts';
import { createFixture, temporaryDirectory, type Fixture } from '../../lib/git/fixture.ts';
import { sampled } from '../../sampled.ts';

let scope: Awaited<ReturnType<typeof temporaryDirectory>>;
let upstream: Fixture;
let distgit: Fixture;
let mirrors: { upstream: Mirror; distgit: Mirror };
/** What was found so far, as the database would keep it. */
let pairs: { upstream: string; distgit: string }[];
let cursor: Discovery['cursor'] | null;
let packaging: string;

beforeEach(async () => {
  scope = await temporaryDirectory();
  upstream = await createFixture(join(scope.path, 'upstream'));
  distgit = await createFixture(join(scope.path, 'distgit'));
  packaging = await distgit.commit({ files: { 'a.spec': 'Name: a\n' } });
  const at = (fixture: Fixture) => openMirror(join(scope.path, 'git'), fixture.path);
  mirrors = { upstream: await at(upstream), distgit: await at(distgit) };
  [pairs, cursor] = [[], null];
});
afterEach(() => scope[Symbol.asyncDispose]());

/** Fetches, discovers, and remembers. Answers `[upstream, distgit, why]` of each revision. */
async function look(options: { since?: string; path?: string } = {}): Promise<[string, string, string][]> {
  await mirrors.upstream.fetch();
  await mirrors.distgit.fetch();
  const found = await discover({
    project: {
      name: 'a',
      upstream: { url: upstream.path, branch: 'main' },
      packaging: { rpm: { url: distgit.path, branch: 'main', path: options.path ?? '' } },
    },
    format: 'rpm',
    mirrors,
    cursor,
    history: historyOf(pairs),
    since: options.since ?? null,
  });
  cursor = found.cursor;
  pairs.push(...found.revisions.map((one) => ({ upstream: one.upstream.hash, distgit: one.distgit.hash })));
  return found.revisions.map((one) => [one.upstream.hash, one.distgit.hash, one.why]);
}

/** As `look` answers it when all revisions come with the one packaging commit. */
const expected = (hashes: readonly string[], why: string) => hashes.map((hash) => [hash, packaging, why]);

describe('a project', () => {
  test('that was never built starts at its head', async () => {
    const hashes = await upstream.commits([{}, {}, {}]);
    expect(await look()).toEqual(expected(hashes.slice(-1), 'first'));
    expect(await look()).toEqual([]);
  });

  test('gets every later first-parent commit, oldest first, whatever their dates say', async () => {
    await upstream.commit();
    await look();
    const hashes = await upstream.commits([{ time: 1_800_000_000 }, { time: 5 }, { time: 1_600_000_000 }, {}]);
    expect(await look()).toEqual(expected(hashes, 'new_commit'));
  });

  test('with commits exactly as old as the last one loses none', async () => {
    await upstream.commit({ time: 1_700_000_000 });
    await look();
    const hashes = await upstream.commits(Array.from({ length: 5 }, () => ({ time: 1_700_000_000 })));
    expect(await look()).toEqual(expected(hashes, 'new_commit'));
  });

  test('sees of a merge its first-parent line only', async () => {
    const base = await upstream.commit();
    await look();
    const [, side = ''] = await upstream.commits([{ branch: 'side', parent: base }, { branch: 'side' }]);
    const [own = '', merge = ''] = await upstream.commits([{}, { merge: [side] }]);
    expect(await look()).toEqual(expected([own, merge], 'new_commit'));
  });

  sampled('starts further back with a commit, a tag or a date', async () => {
    const hashes = await upstream.commits([
      { time: Date.UTC(2026, 0, 1) / 1000 },
      { time: Date.UTC(2026, 0, 2) / 1000 },
      { time: Date.UTC(2025, 0, 1) / 1000 },
      { time: Date.UTC(2026, 0, 4) / 1000 },
    ]);
    await upstream.git('tag', '-a', '-m', 'two', 'v2', hashes[1] ?? '');
    for (const since of [
      hashes[1],
      hashes[1]?.slice(0, 10),
      'v2',
      '2026-01-02',
      '2026-01-01T12:00:00Z',
      '2026-01-02 00:00',
    ]) {
      [cursor, pairs] = [null, []];
      expect(await look({ since: since ?? '' })).toEqual(expected(hashes.slice(1), 'first'));
    }
    for (const since of ['2030-01-01', hashes[3] ?? '']) {
      [cursor, pairs] = [null, []];
      expect(await look({ since })).toEqual(expected(hashes.slice(-1), 'first'));
    }
    [cursor, pairs] = [null, []];
    for (const since of ['nothing', '--all', '$(id)', 'f'.repeat(40)])
      await expect(look({ since })).rejects.toMatchObject({ code: 'not_found' });
  });

  test('is built again with the newest commit when only the packaging is new', async () => {
    const hashes = await upstream.commits([{}, {}]);
    await look();
    await distgit.commits([{ files: { patch: '1' } }, { files: { patch: '2' } }]);
    packaging = await distgit.git('rev-parse', 'main');
    expect(await look()).toEqual(expected(hashes.slice(-1), 'new_packaging'));
    const more = await upstream.commits([{}, {}]);
    packaging = await distgit.commit({ files: { patch: '3' } });
    expect(await look()).toEqual(expected(more, 'new_commit'));
  });

  test('of a packaging repository for many is built again only when its own directory changed', async () => {
    const head = await upstream.commit();
    packaging = await distgit.commit({ files: { 'rpm/a.spec': '1' } });
    await distgit.commit({ files: { 'other/b.spec': '1' } });
    expect(await look({ path: 'rpm' })).toEqual(expected([head], 'first'));
    await distgit.commit({ files: { 'other/b.spec': '2' } });
    expect(await look({ path: 'rpm' })).toEqual([]);
    packaging = await distgit.commit({ files: { 'rpm/a.spec': '2' } });
    expect(await look({ path: 'rpm' })).toEqual(expected([head], 'new_packaging'));
  });
});

describe('a rewritten branch', () => {
  test('that was rebased gives its new commits and none that was built', async () => {
    const [a = '', , c = ''] = await upstream.commits([{}, {}, {}]);
    await look({ since: a });
    const rebased = await upstream.commits([{ parent: a, time: 7 }, { time: 8 }, {}]);
    expect(await look()).toEqual(expected(rebased, 'history_rewritten'));
    await upstream.force('main', c);
    expect(await look()).toEqual([]);
    const later = await upstream.commit();
    expect(await look()).toEqual(expected([later], 'new_commit'));
  });

  test('whose fork point was never built itself is walked from there', async () => {
    const [, fork = ''] = await upstream.commits([{}, {}, {}, {}]);
    await look();
    const rebased = await upstream.commits([{ parent: fork, time: 7 }, {}]);
    expect(await look()).toEqual(expected(rebased, 'history_rewritten'));
  });

  test('that was moved back, and forward again', async () => {
    const [a = '', b = '', c = ''] = await upstream.commits([{}, {}, {}]);
    await look();
    await upstream.force('main', a);
    expect(await look()).toEqual(expected([a], 'history_rewritten'));
    await upstream.force('main', c);
    expect(await look()).toEqual([]);
    await upstream.force('main', b);
    expect(await look()).toEqual(expected([b], 'history_rewritten'));
  });

  test('that shares nothing with what was built starts at its head', async () => {
    await upstream.commits([{}, {}]);
    await look();
    const other = await upstream.commits([{ parent: null }, {}, {}]);
    expect(await look()).toEqual(expected(other.slice(-1), 'history_rewritten'));
  });

  test('is recognised by what was built when the last commit is gone from the mirror', async () => {
    const [a = ''] = await upstream.commits([{}, {}]);
    await look({ since: a });
    const rewritten = await upstream.commits([{ parent: a, time: 9 }, {}]);
    mirrors.upstream = await openMirror(join(scope.path, 'anew'), upstream.path);
    expect(await look()).toEqual(expected(rewritten, 'history_rewritten'));
  });

  test('into which the old head was merged as a second parent gives its own line', async () => {
    const [a = '', b = ''] = await upstream.commits([{}, {}]);
    await look({ since: a });
    const [f1 = '', f2 = ''] = await upstream.commits([{ branch: 'topic', parent: a }, { branch: 'topic' }]);
    const merge = await upstream.commit({ branch: 'topic', merge: [b] });
    await upstream.force('main', merge);
    expect(await look()).toEqual(expected([f1, f2, merge], 'history_rewritten'));
  });

  test('of the packaging is followed, and a pair that was built is not built again', async () => {
    const head = await upstream.commit();
    const first = packaging;
    await look();
    packaging = await distgit.commit({ parent: null, files: { 'a.spec': 'rewritten' } });
    expect(await look()).toEqual(expected([head], 'new_packaging'));
    await distgit.force('main', first);
    expect(await look()).toEqual([]);
  });
});

describe('what a version is computed from', () => {
  test('is a function of the commit: UTC never goes back on the line, nor depends on when it is asked', async () => {
    const times = [100, 50, 51, 200, 200, 1, 4_200_000_000, 300];
    const hashes = await upstream.commits(times.map((time) => ({ time })));
    await mirrors.upstream.fetch();
    const utc = [100, 101, 102, 200, 201, 202, 203, 300];
    for (const [n, hash] of hashes.entries()) {
      const alone = await openMirror(join(scope.path, 'git'), upstream.path);
      expect(await alone.utcOf(hash)).toBe(utc[n]);
      expect(await mirrors.upstream.utcOf(hash)).toBe(utc[n]);
    }
    const side = await upstream.commit({ branch: 'side', parent: hashes[1] ?? '', time: 60 });
    const merge = await upstream.commit({ merge: [side], time: 10 });
    await mirrors.upstream.fetch();
    expect(await mirrors.upstream.utcOf(side)).toBe(102);
    expect(await mirrors.upstream.utcOf(merge)).toBe(301);
    expect(await Promise.all([merge, side, ...hashes].map((hash) => mirrors.upstream.utcOf(hash)))).toEqual([
      301,
      102,
      ...utc,
    ]);
  });

  test('holds the tags that lead to ancestors, merged branches included, and the count of packaging commits', async () => {
    const [a = '', b = '', c = ''] = await upstream.commits([{}, {}, {}]);
    const side = await upstream.commit({ branch: 'stable', parent: a });
    await upstream.git('tag', 'v1.0', a);
    await upstream.git('tag', '-a', '-m', 'annotated', 'v1.0.1', side);
    await upstream.git('tag', 'v2.0', c);
    await upstream.git('tag', 'a-tree', `${a}^{tree}`);
    await upstream.git('tag', '1.0; touch /tmp/x'.replaceAll(' ', '_'), a);
    const merge = await upstream.commit({ merge: [side] });
    const [, packaged = ''] = await distgit.commits([{}, {}]);
    await mirrors.upstream.fetch();
    await mirrors.distgit.fetch();
    expect(await mirrors.upstream.reachableTags(b)).toEqual(['1.0;_touch_/tmp/x', 'v1.0']);
    expect(await mirrors.upstream.reachableTags(merge)).toEqual(['1.0;_touch_/tmp/x', 'v1.0', 'v1.0.1', 'v2.0']);
    expect(await mirrors.distgit.firstParentCount(packaged)).toBe(3);
  });
});

sampled('5,000 new commits are found with a handful of processes, and so is their UTC', async () => {
  const first = await upstream.commit();
  await look();
  const hashes = await upstream.commits(Array.from({ length: 5000 }, () => ({})));
  await mirrors.upstream.fetch();
  const started = performance.now();
  const found = await discover({
    project: {
      name: 'a',
      upstream: { url: upstream.path, branch: 'main' },
      packaging: { rpm: { url: distgit.path, branch: 'main', path: '' } },
    },
    format: 'rpm',
    mirrors,
    cursor,
    history: historyOf([{ upstream: first, distgit: packaging }]),
    since: null,
  });
  await mirrors.upstream.utcOf(hashes.at(-1) ?? '');
  const times: number[] = [];
  for (const { upstream: commit } of found.revisions) times.push(await mirrors.upstream.utcOf(commit.hash));
  const seconds = (performance.now() - started) / 1000;
  expect(found.revisions.map((one) => one.upstream.hash)).toEqual(hashes);
  expect(times.every((time, n) => n === 0 || time > (times[n - 1] ?? 0))).toBe(true);
  // 0.3 s on an idle machine; a process per commit would take a minute.
  expect(seconds).toBeLessThan(10);
});
