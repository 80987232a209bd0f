import { describe, expect, test } from 'vitest';
import { TrunklineError } from '../../../src/lib/index.ts';
import {
  planVersion,
  requireNewer,
  versionText,
  type PackageVersion,
  type VersionPlan,
  type VersionRule,
} from '../../../src/model/index.ts';

const RULE: VersionRule = { from: 'tags', script: [], epoch: null, tagPattern: null };
const UTC = Date.UTC(2026, 0, 2, 3, 4, 5) / 1000;

function plan(
  tags: readonly string[],
  changes: Partial<VersionPlan> & { reported?: string | null } = {},
): PackageVersion {
  const { reported = null, ...rest } = changes;
  return planVersion({
    inputs: { tags, utc: UTC, distgitCount: 5, reported },
    hash: 'abcdef0123456789abcdef0123456789abcdef01',
    rule: RULE,
    format: 'rpm',
    form: 'caret',
    native: false,
    forced: 0,
    ...rest,
  });
}

/** What stands before the commit's time. */
const baseOf = (tags: readonly string[], changes: Parameters<typeof plan>[1] = {}): string | undefined =>
  plan(tags, changes).version.split(/\^|\+git/)[0];

function refusal(act: () => unknown): TrunklineError {
  try {
    act();
  } catch (error) {
    if (error instanceof TrunklineError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('the forms', () => {
  test('rpm', () => {
    expect(plan(['1.2.3'])).toEqual({
      epoch: null,
      version: '1.2.3^20260102030405.gitabcdef0',
      release: '5',
      base: '1.2.3',
    });
    expect(versionText(plan(['v1.2.3rc1']))).toBe('1.2.3~rc1^20260102030405.gitabcdef0-5');
    expect(versionText(plan(['1.2.3'], { forced: 2, rule: { ...RULE, epoch: 1 } }))).toBe(
      '1:1.2.3^20260102030405.gitabcdef0-5.r2',
    );
  });

  test("DLRN's", () => {
    expect(versionText(plan(['1.2.3'], { form: 'dlrn' }))).toBe('1.2.4-0.20260102030405.abcdef0.5');
    expect(versionText(plan(['1.2.3', '1.3.0rc1'], { form: 'dlrn' }))).toBe('1.3.0-0.20260102030405.abcdef0.5');
    expect(versionText(plan(['1.2'], { form: 'dlrn', forced: 1 }))).toBe('1.2.1-0.20260102030405.abcdef0.5.r1');
    expect(versionText(plan([], { form: 'dlrn' }))).toBe('0.0.0-0.20260102030405.abcdef0.5');
  });

  test('deb, and native deb, which has no revision', () => {
    const deb = { format: 'deb', rule: { ...RULE, epoch: 2 } } as const;
    expect(versionText(plan(['1.2.3'], deb))).toBe('2:1.2.3+git20260102030405.abcdef0-5');
    expect(versionText(plan(['1.2.3'], { ...deb, forced: 1 }))).toBe('2:1.2.3+git20260102030405.abcdef0-5+b1');
    expect(plan(['1.2.3'], { format: 'deb', native: true }).release).toBeNull();
    expect(versionText(plan(['1.2.3'], { format: 'deb', native: true }))).toBe('1.2.3+git20260102030405.abcdef0+p5');
    expect(versionText(plan(['1.2.3'], { format: 'deb', native: true, forced: 3 }))).toBe(
      '1.2.3+git20260102030405.abcdef0+p5+b3',
    );
  });

  test('without a tag, something below whatever is tagged later', () => {
    expect(versionText(plan([]))).toBe('0^20260102030405.gitabcdef0-5');
    expect(versionText(plan(['0', 'v0', '0rc1'], { format: 'deb' }))).toBe('0+git20260102030405.abcdef0-5');
  });
});

describe('tags', () => {
  test.each([
    ['1.2.3', '1.2.3'],
    ['v1.2.3', '1.2.3'],
    ['V1.2', '1.2'],
    ['r1.2', '1.2'],
    ['release-1.2', '1.2'],
    ['release/v1.2', '1.2'],
    ['rel_1_2_3', '1.2.3'],
    ['version-7', '7'],
    ['libfoo-1.2.3', '1.2.3'],
    ['LibFoo-v1.2.3', '1.2.3'],
    ['1.2.3-rc1', '1.2.3~rc1'],
    ['1.2.3rc1', '1.2.3~rc1'],
    ['1.2.3.rc.1', '1.2.3~rc1'],
    ['1.2.3-RC01', '1.2.3~rc1'],
    ['1.2.3c2', '1.2.3~rc2'],
    ['1.2.3-pre2', '1.2.3~rc2'],
    ['1.2.3.0rc1', '1.2.3~rc1'],
    ['10.0.0.0b3', '10.0.0~b3'],
    ['1.2.3b2', '1.2.3~b2'],
    ['2.0-beta3', '2.0~b3'],
    ['2.0-beta', '2.0~b0'],
    ['2.0.0-alpha.1', '2.0.0~a1'],
    ['1.0.dev4', '1.0~~dev4'],
    ['1.0a1.dev4', '1.0~a1~dev4'],
    ['1.2.post1', '1.2.post1'],
    ['1.2-1', '1.2.post1'],
    ['1.2.3+local.1', '1.2.3+local.1'],
    ['1.2.3+ubuntu.1', '1.2.3+local.ubuntu.1'],
    ['1.2.3.Final', '1.2.3'],
    ['2024.01.15', '2024.01.15'],
    ['20260102030405', '20260102030405'],
  ])('%s is version %s', (tag, version) => {
    expect(baseOf(['0.1', tag], { names: ['libfoo'] })).toBe(version);
  });

  test.each([
    'private-1.2.3',
    'private-v9',
    '9.0-em',
    'stable-9-eol',
    '9-eom',
    'debian/9.0-1',
    'nightly-9.0',
    'docs',
    'docs-9.1',
    '',
    '.',
    '-',
    'v',
    '9.0-unknown',
    '1.0; touch /tmp/x',
    '$(id)',
    '%(id)',
    '9%(id)',
    '9.0`id`',
    '../../x',
    '../../9.0',
    '-9.0',
    '٩.٩',
    '９.０',
    '9.0\n',
    '9.0 ',
    '9..0',
    '9.',
    '9.0.',
    '99999999999999999999999.0',
    `9.${'0.'.repeat(20)}1`,
    `9.${'1'.repeat(500)}`,
    '9.0+a..b',
    '9.0rc99999999999999999',
    '9.0^1',
    '9.0/../x',
    'v9.0;',
    "9.0'",
    '9.0\\',
    '9.0\0',
  ])('%j is no version', (tag) => {
    expect(baseOf(['1.0', tag])).toBe('1.0');
    expect(baseOf(['1.0', tag], { format: 'deb', names: ['libfoo', 'x'] })).toBe('1.0');
  });

  test('the highest counts, not the nearest, whatever their order', () => {
    expect(baseOf(['1.10.0', '1.9.7', '1.10.0rc2', '1.2.0'])).toBe('1.10.0');
    expect(baseOf(['1.2.0', '1.10.0rc2', '1.9.7'])).toBe('1.10.0~rc2');
    expect(baseOf(['1.0.post2', '1.0', '1.0.1.dev1', '1.0+x'])).toBe('1.0.1~~dev1');
  });

  test('1.2 is written as long as its candidates were', () => {
    expect(baseOf(['1.2.0rc1', '1.2'])).toBe('1.2.0');
    expect(baseOf(['1.2.0', '1.2.post1'])).toBe('1.2.0.post1');
  });

  test("other projects' names do not count where the project's own are known", () => {
    expect(baseOf(['libfoo-1.0', 'plugin-2.0'], { names: ['libfoo'] })).toBe('1.0');
    expect(baseOf(['libfoo-1.0'])).toBe('1.0');
    expect(baseOf(['libfoo-1.0', 'job-77'])).toBe('1.0');
  });

  test("a project's own pattern", () => {
    const rule = { ...RULE, tagPattern: '^FOO_(\\d+_\\d+)$' };
    expect(baseOf(['FOO_1_2', '9.0', 'private-FOO_3_0'], { rule })).toBe('1.2');
  });
});

describe('what cannot be ordered is refused, with the rule to set', () => {
  test.each(['1.2.3a', '1.2.3k', 'v1.2.3-b', '9.6p1', '2.0b'])('letter suffix %s', (tag) => {
    for (const format of ['rpm', 'deb'] as const) {
      const error = refusal(() =>
        plan(
          ['1.2.3', tag].filter((each) => each > '1.2.2'),
          { format },
        ),
      );
      expect(error.code).toBe('source_invalid');
      expect(error.message).toContain(tag);
      expect(error.hint).toContain('version.tag_pattern');
    }
    // The remedy works, and a letter far below does no harm.
    expect(baseOf(['1.2.3', tag], { rule: { ...RULE, tagPattern: '^v?(\\d+(?:\\.\\d+)*)$' } })).toBe('1.2.3');
    expect(baseOf(['10.0', tag])).toBe('10.0');
  });

  test('labels that the package manager orders the other way round', () => {
    expect(refusal(() => plan(['1.3+local.12', '1.3+11'])).message).toContain('orders them the other way round');
  });

  test('a pattern that names no version', () => {
    const rule = (tagPattern: string) => ({ ...RULE, tagPattern });
    for (const tag of [
      'rel/1.0; touch /tmp/x',
      'rel/$(id)',
      'rel/%(id)',
      'rel/../../x',
      'rel/１',
      'rel/99999999999999999999',
    ]) {
      const error = refusal(() => plan([tag], { rule: rule('^rel/(.*)$') }));
      expect([error.code, error.hint]).toEqual(['source_invalid', expect.stringContaining('version.tag_pattern')]);
    }
    expect(refusal(() => plan(['1.0'], { rule: rule('(') })).message).toContain('no regular expression');
    expect(refusal(() => plan(['1.0'], { rule: rule('^(?:1)') })).message).toContain('no group');
  });

  test("PEP 440's epoch needs the package's", () => {
    expect(refusal(() => plan(['2024.1', '1!1.0'])).hint).toBe('set version.epoch to 1 or more');
    expect(baseOf(['2024.1', '1!1.0'], { rule: { ...RULE, epoch: 1 } })).toBe('1.0');
  });

  test.each([-1, 2 ** 53, Number.NaN, 253402300800, 1.5])('a committer time of %d', (utc) => {
    const inputs = { tags: ['1.0'], utc, distgitCount: 1, reported: null };
    expect(refusal(() => plan([], { inputs })).code).toBe('source_invalid');
  });

  test('a history that was rewritten downwards', () => {
    const [before, after] = [plan(['1.0', '2.0']), plan(['1.0'])];
    const error = refusal(() => {
      requireNewer('rpm', after, before);
    });
    expect(error.hint).toContain('set version.epoch to 1');
    requireNewer('rpm', plan(['1.0'], { rule: { ...RULE, epoch: 1 } }), before);
    expect(() => {
      requireNewer('deb', before, before);
    }).toThrow(TrunklineError);
  });
});

describe('reported versions', () => {
  const rule: VersionRule = { ...RULE, from: 'pep440' };

  test('what is not tagged yet is the coming release, whatever counters it has', () => {
    for (const reported of ['1.2.4', '1.2.4.dev5', '1.2.4.dev5+gabc1234', '1.2.4rc1\n'])
      expect(baseOf(['1.2.3'], { rule, reported })).toBe('1.2.4~~before');
    expect(baseOf(['1.2.3', '1.2.4rc1'], { rule, reported: '1.2.4.dev9' })).toBe('1.2.4~rc1');
    expect(baseOf(['1.2.4'], { rule, reported: '1.2.4' })).toBe('1.2.4');
    expect(baseOf([], { rule, reported: '1.2.4' })).toBe('1.2.4~~before');
    expect(plan(['1.2.3'], { rule, reported: '1.2.4.dev5', form: 'dlrn' }).version).toBe('1.2.4');
  });

  test.each(['1.0; touch /tmp/x', '$(id)', '%(id)', '../../x', '１.２', '', 'unknown', '1.2.3a', '9'.repeat(30), null])(
    '%j is refused',
    (reported) => {
      for (const from of ['pep440', 'script'] as const) {
        const error = refusal(() => plan(['1.0'], { rule: { ...RULE, from }, reported }));
        expect([error.code, error.hint]).toEqual(['source_invalid', expect.stringContaining('version.from')]);
      }
    },
  );

  test('a letter suffix is refused where it could matter', () => {
    expect(refusal(() => plan(['1.2.3', '1.2.4a'], { rule, reported: '1.2.4' })).hint).toContain('version.from');
    expect(baseOf(['1.2.3', '1.2.4a'], { rule, reported: '1.2.5' })).toBe('1.2.5~~before');
  });

  test('one below a tag is refused', () => {
    expect(refusal(() => plan(['2.0'], { rule, reported: '1.9' })).hint).toContain('version.from');
  });
});
