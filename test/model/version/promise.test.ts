import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { planVersion, versionText, type FormatName, type VersionRule } from '../../../src/model/index.ts';
import { histories, type PlannedCommit, type TagStory } from './histories.ts';
import { LONG, realDebVersions, realRpmVersions, SEED, type Pair } from './real-comparators.ts';

const CASES = LONG ? 6_000 : 300;
vi.setConfig({ testTimeout: LONG ? 900_000 : 60_000 });
const RULE: VersionRule = { from: 'tags', script: [], epoch: null, tagPattern: null };
const COMPARE = { rpm: realRpmVersions, deb: realDebVersions };

interface Way {
  format: FormatName;
  form: 'caret' | 'dlrn';
  native: boolean;
  /** The tags whose place among the builds is promised. */
  promised: (tag: TagStory) => boolean;
}

/** Pairs that have to be in ascending order: each build, its forced rebuilds, the next packaging commit's, the next commit's, and the tags around them. */
function ascending(commits: readonly PlannedCommit[], way: Way): Pair[] {
  let before: string | undefined;
  return commits.flatMap(({ hash, inputs, last, next }) => {
    const plan = (forced: number, later: number) =>
      versionText(
        planVersion({
          ...way,
          rule: RULE,
          names: ['libfoo'],
          hash,
          forced,
          inputs: { ...inputs, distgitCount: inputs.distgitCount + later },
        }),
      );
    const steps = [plan(0, 0), plan(1, 0), plan(2, 0), plan(10, 0), plan(0, 1)];
    const chain = [...(before === undefined ? [] : [before]), ...steps];
    before = steps.at(-1);
    const first = steps[0] ?? '';
    return [
      ...chain.slice(1).map((version, index): Pair => [chain[index] ?? '', version]),
      ...(last !== undefined && way.promised(last) ? [[last.packaged[way.format], first] satisfies Pair] : []),
      ...next.filter(way.promised).map((tag): Pair => [steps.at(-1) ?? '', tag.packaged[way.format]]),
    ];
  });
}

test.each<Way & { name: string }>([
  { name: 'rpm', format: 'rpm', form: 'caret', native: false, promised: () => true },
  { name: 'deb', format: 'deb', form: 'caret', native: false, promised: () => true },
  { name: 'native deb', format: 'deb', form: 'caret', native: true, promised: () => true },
])('$name: trunk builds rise, after the last tag and before the next', async (way) => {
  const pairs = fc.sample(histories, { numRuns: CASES, seed: SEED }).flatMap((commits) => ascending(commits, way));
  await expectAscending(pairs, way.format);
});

test('DLRN form: trunk builds rise, after the last final tag and before the next of its depth', async () => {
  const way: Way = { format: 'rpm', form: 'dlrn', native: false, promised: (tag) => tag.final && isPlain(tag) };
  const plain = fc.sample(histories, { numRuns: CASES, seed: SEED });
  await expectAscending(
    plain.flatMap((commits) => ascending(commits, way)),
    'rpm',
  );
});

/** Tags of at most three numbers: `1.2.4-0.…` outranks 1.2.3.1, which DLRN's form cannot help. */
function isPlain({ packaged }: TagStory): boolean {
  return packaged.rpm.split('.').length <= 3;
}

async function expectAscending(pairs: readonly Pair[], format: FormatName) {
  expect(pairs.length).toBeGreaterThan(CASES * 5);
  const answers = await COMPARE[format](pairs);
  const wrong = pairs.filter((_, index) => answers[index] !== -1);
  expect(wrong.slice(0, 8)).toEqual([]);
}

test.each<FormatName>(['rpm', 'deb'])(
  '%s: reported versions rise, and their tags come after what led to them',
  async (format) => {
    const pairs = fc.sample(reportedHistories, { numRuns: CASES, seed: SEED }).flatMap((commits) =>
      commits.flatMap(({ reported, tags, utc, next }, index): Pair[] => {
        const at = (commit: (typeof commits)[number]) =>
          versionText(
            planVersion({
              inputs: { tags: commit.tags, utc: commit.utc, distgitCount: 1, reported: commit.reported },
              hash: 'abcdef0123',
              rule: { ...RULE, from: 'pep440' },
              format,
              form: 'caret',
              native: false,
              forced: 0,
            }),
          );
        const version = at({ reported, tags, utc, next });
        const later = commits[index + 1];
        return [
          ...(later === undefined ? [] : [[version, at(later)] satisfies Pair]),
          ...next.map((tag): Pair => [version, tag.replace('rc', '~rc').replace('.dev', '~~dev')]),
          ...tags.map((tag): Pair => [tag.replace('rc', '~rc').replace('.dev', '~~dev'), version]),
        ];
      }),
    );
    await expectAscending(pairs, format);
  },
);

/** A project that states the coming release in its metadata, with what setuptools_scm and pbr add, and tags candidates and releases, or forgets to. */
const reportedHistories = fc
  .array(
    fc.tuple(
      fc.subarray(['.dev1', 'rc1', 'rc2', ''], { minLength: 0 }),
      fc.array(fc.constantFrom('', '.dev7', '.dev3+g1234abc', '+g77', 'rc2'), { minLength: 1, maxLength: 5 }),
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map((cycles) => {
    const all = cycles.flatMap(([tagged], release) => tagged.map((stage) => `1.${String(release)}.0${stage}`));
    const known: string[] = [];
    let utc = 1_700_000_000;
    return cycles.flatMap(([tagged, suffixes], release) => {
      const numbers = `1.${String(release)}.0`;
      const waiting = tagged.map((stage) => `${numbers}${stage}`);
      const commits = suffixes.map((suffix) => {
        utc += 1;
        const commit = { reported: `${numbers}${suffix}`, tags: [...known], utc, next: all.slice(known.length) };
        known.push(...waiting.splice(0, 1));
        return commit;
      });
      known.push(...waiting);
      return commits;
    });
  });
