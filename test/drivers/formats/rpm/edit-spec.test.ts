import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editSpec, type SpecEdits } from '../../../../src/drivers/formats/rpm/edit-spec.ts';
import { shellWords } from '../../../../src/drivers/formats/rpm/spec-setup.ts';
import { SPECS } from './specs.ts';

const EDITS: SpecEdits = {
  name: 'foo',
  version: { epoch: null, version: '2.0^1.gitabc', release: '5', base: '2.0rc1' },
  tarball: 'T.tar.gz',
  topDirectory: 'top-1',
  changelog: ['%changelog', '* entry', '- line'],
};

const edit = (spec: string, changes: Partial<SpecEdits> = {}): string =>
  editSpec(spec, 'foo.spec', { ...EDITS, ...changes });

/** The lines that editing changed or added, in order. */
function changed(spec: string, edits: Partial<SpecEdits> = {}): string[] {
  const before = new Set(spec.split('\n'));
  return edit(spec, edits)
    .split('\n')
    .filter((line) => !before.has(line));
}

const HEAD = ['%global dlrn_nvr foo-2.0^1.gitabc-5', '%global dlrn 1', '%define upstream_version 2.0rc1'];
const TAIL = ['* entry', '- line'];

describe('only the lines concerned change', () => {
  test('Fedora style', () => {
    expect(changed(SPECS.fedora)).toEqual([
      ...HEAD,
      'Version:        2.0^1.gitabc',
      'Release:        5%{?dist}',
      'Source0:        T.tar.gz',
      '%autosetup -p1 -n top-1',
      ...TAIL,
    ]);
    expect(edit(SPECS.fedora)).not.toContain('Old entry');
  });

  test('RDO style', () => {
    expect(changed(SPECS.rdo)).toEqual([
      ...HEAD,
      'Version:    2.0^1.gitabc',
      'Release:    5%{?dist}',
      'Source0:    T.tar.gz',
      'Requires:   python3-bar >= 2.0rc1',
      '%autosetup -S git -n top-1',
      ...TAIL,
    ]);
  });

  test("DLRN's own macros are set where they stand", () => {
    expect(changed(SPECS.dlrnMacros)).toEqual([
      '%define upstream_version 2.0rc1',
      '%global dlrn 1',
      '%global dlrn_nvr foo-2.0^1.gitabc-5',
      'Version: 2.0^1.gitabc',
      'Release: 5%{?dist}',
      'Source0: T.tar.gz',
      '%setup -q -n top-1',
      '%changelog',
      ...TAIL,
    ]);
  });

  test('a macro that is the version is set too', () => {
    expect(changed(SPECS.versionMacro)).toEqual([
      ...HEAD.slice(0, 2),
      '%global upstream_version 2.0^1.gitabc',
      'Version: 2.0^1.gitabc',
      'Release: 5%{?dist}',
      'Source0: T.tar.gz',
      '%setup -q -n top-1',
      '%changelog',
      ...TAIL,
    ]);
  });

  test('in all branches of conditionals; a changelog within them leaves them whole', () => {
    const result = edit(SPECS.conditional, { version: { ...EDITS.version, epoch: 9 } });
    expect(
      result.match(/^Version: 2\.0\^1\.gitabc\nEpoch: 9\nRelease: 5%\{\?dist\}\n(?:Epoch: 4\n)?Source: T\.tar\.gz$/gm),
    ).toHaveLength(2);
    expect(result).toContain('Source: extra.txt');
    expect(result).not.toContain('Epoch: 4');
    expect(result).toContain('%setup -q -a 0 -n top-1');
    expect(result.match(/^%changelog$/gm)).toHaveLength(1);
    expect(result.match(/^%if/gm)).toHaveLength(3);
    expect(result.match(/^%endif/gm)).toHaveLength(3);
  });

  test('of several %setup, those that go to the directory of source 0', () => {
    expect(changed(SPECS.severalSetups).filter((line) => line.startsWith('%setup'))).toEqual([
      '%setup -q -n top-1',
      '%setup -q -T -D -a 1 -n top-1',
    ]);
    expect(edit(SPECS.severalSetups)).toContain('%setup -q -T -D -b1 -n bar-2\n%setup -q -c -T -n empty\n');
  });

  test('macros and definitions of several lines are no tags', () => {
    const result = edit(SPECS.multiline);
    expect(result).toContain('Version = "not a tag"');
    expect(result).toContain('Version: 5\\\nSource0: nothing\n');
    expect(result).toContain('VERSION: 2.0^1.gitabc\nrelease: 5%{?dist}');
    expect(result).toContain('SOURCE0 : T.tar.gz');
    expect(result).toContain('%autosetup -p1 -v -n top-1\n');
  });

  test('a source where there is none', () => {
    expect(edit(SPECS.noSource)).toContain('Version: 2.0^1.gitabc\nSource0: T.tar.gz\n');
    expect(edit(SPECS.sourceList)).toContain('# the tarball\nT.tar.gz\nextra.txt\n');
  });

  test('a missing Version is an error, a missing Release is added', () => {
    expect(() => edit('Name: foo\n%package a\nVersion: 1\n')).toThrow('no Version tag');
    expect(edit('Name: foo\nVersion: 1\n')).toContain('Version: 2.0^1.gitabc\nRelease: 5%{?dist}\nSource0: T.tar.gz');
  });
});

test('the words of %setup', () => {
  expect(shellWords(` -q -n "a b" %{?x:-D foo} -n%{name}-%(echo '{ a') x # -n y`)).toEqual([
    '-q',
    '-n',
    '"a b"',
    '%{?x:-D foo}',
    `-n%{name}-%(echo '{ a')`,
    'x',
  ]);
});

test('editing what was edited changes nothing but what it added at the end', () => {
  for (const [style, spec] of Object.entries(SPECS)) {
    // Its macro stood for the version; now the version stands there itself.
    if (style === 'versionMacro') continue;
    const once = edit(spec);
    expect(edit(once).replaceAll(/\n+/g, '\n')).toBe(once.replaceAll(/\n+/g, '\n'));
  }
});

test('any text is edited or refused with a reason, in time that grows with its length', () => {
  const piece = fc.constantFrom(
    'Version: 1',
    '%if 1',
    '%endif',
    '%else',
    '%{',
    '}',
    '%(',
    ')',
    '\\',
    '\n',
    '\n',
    '\n',
    '%setup -n',
    '%prep',
    '%changelog',
    'Source: x',
    '%global a ',
    '%%',
    '* x',
    '%[',
    ']',
    'é',
    '"',
    "'",
    '-n ',
    '%define b',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const spec = `Version: 1\n${pieces.join('')}`;
      try {
        expect(edit(spec)).toContain('Version: 2.0^1.gitabc');
      } catch (error) {
        expect(error).toMatchObject({
          code: 'source_invalid',
          where: expect.stringMatching(/^foo\.spec:[0-9]+$/) as unknown,
        });
      }
    }),
    { seed: 20260101, numRuns: process.env.TRUNKLINE_TEST_LONG === '1' ? 20_000 : 1000 },
  );
  const started = performance.now();
  edit(`Version: 1\n${'%{a} %setup -n "x '.repeat(50_000)}\n`);
  edit(`Version: 1\n${' '.repeat(200_000)}x\n%setup ${'-'.repeat(200_000)}\n%global ${'a'.repeat(200_000)}\n`);
  edit(`Version: 1\n%define x ${'\\\n'.repeat(50_000)}\n${'%if 1\n%endif\n'.repeat(20_000)}`);
  expect(performance.now() - started).toBeLessThan(5000);
});
