import { describe, expect, test } from 'vitest';
import { readRpmSupplements, rpmWholeParts } from '../../../../src/drivers/formats/rpm/supplements/index.ts';
import { openJail } from '../../../../src/lib/jail/index.ts';
import type { Supplied } from '../../../../src/model/index.ts';
import { packagingFile } from '../stage-request.ts';
import { SPECS } from './specs.ts';

const ABOUT = { arch: 'x86_64', utc: 1_790_000_000, distgitCommit: 'abcdef0123456789'.repeat(3).slice(0, 40) };

const read = (files: Record<string, string | Uint8Array>, spec: string = SPECS.fedora) =>
  readRpmSupplements(
    openJail,
    Object.entries({ 'foo.spec': spec, ...files }).map(([path, content]) => packagingFile(path, content)),
    ABOUT,
  );
const invalid = (where: string, message: string | RegExp) => ({
  ...{ code: 'source_invalid', where, message: expect.stringMatching(message) as string },
});

const textOf = (id: string, supplied: readonly Partial<Supplied>[]) => {
  const part = rpmWholeParts.find((one) => one.id === id);
  return part?.text(supplied.map((one) => ({ project: 'foo', text: '', packages: [], ...one })));
};

const GROUP = `<group>
    <id>tools</id>
    <name>Tools</name>
    <name xml:lang="de">Werkzeuge &amp; mehr</name>
    <description>What one &lt;needs&gt;</description>
    <uservisible>false</uservisible>
    <packagelist>
      <packagereq type="mandatory">foo</packagereq>
      <packagereq type="conditional" requires="bar">foo-bar</packagereq>
    </packagelist>
  </group>`;
const comps = (body: string, doctype = '') => `<?xml version="1.0"?>\n${doctype}<comps>\n  ${body}\n</comps>\n`;
const DOCTYPE = '<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">\n';

describe('comps.xml', () => {
  test('is read as data and written anew', async () => {
    const environment =
      '<environment><id>desk</id><name>Desk</name><description/><display_order>7</display_order>' +
      '<grouplist><groupid>tools</groupid></grouplist><optionlist><groupid default="true">more</groupid></optionlist></environment>' +
      '<category><id>all</id><name>All</name><description/><grouplist><groupid>tools</groupid></grouplist></category>' +
      '<langpacks><match name="foo" install="foo-langpack-%s"/></langpacks>';
    const { comps: text = '', ...others } = await read({ 'comps.xml': comps(GROUP + environment, DOCTYPE) });
    expect(others).toEqual({});
    const written = textOf('group', [{ text }]) ?? '';
    expect(written).toContain('<name xml:lang="de">Werkzeuge &amp; mehr</name>');
    expect(written).toContain('<description>What one &lt;needs&gt;</description>');
    expect(written).toContain('<packagereq type="conditional" requires="bar">foo-bar</packagereq>');
    expect(written).toContain('<uservisible>false</uservisible>');
    expect(written).toContain('<match name="foo" install="foo-langpack-%s"/>');
    // What is written is read as the same.
    expect(await read({ 'comps.xml': written })).toEqual({ comps: text });
  });

  test('of several projects becomes one, with one group for each id', async () => {
    const one = (await read({ 'comps.xml': comps(GROUP) })).comps ?? '';
    const other = (
      await read({
        'comps.xml': comps(
          '<group><id>tools</id><name>Others</name><packagelist><packagereq type="mandatory">foo</packagereq>' +
            '<packagereq>baz</packagereq></packagelist></group><group><id>own</id></group>',
        ),
      })
    ).comps;
    const written = textOf('group', [{ text: one }, { text: other ?? '' }]) ?? '';
    expect(written.match(/<id>(.*?)<\/id>/g)).toEqual(['<id>tools</id>', '<id>own</id>']);
    expect(written.match(/>foo<\/packagereq>/g)).toHaveLength(1);
    expect(written).toContain('<packagereq type="mandatory">baz</packagereq>');
    expect(written).not.toContain('Others');
  });

  const bomb = `<!DOCTYPE comps [${Array.from({ length: 20 }, (_, n) => `<!ENTITY e${n + 1} "&e${n};&e${n};">`).join('')}]>`;
  test.each<[string, string, string, RegExp]>([
    ['an entity bomb', comps('<group><id>&e20;</id></group>', bomb), '', /declares something of its own/],
    [
      'an outside entity',
      comps('<group><id>&x;</id></group>', '<!DOCTYPE comps [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
      '',
      /declares/,
    ],
    ['an unknown entity', comps('<group>\n<id>&x;</id></group>'), ':4', /undefined entity/],
    ['deep nesting', '<comps>'.repeat(50_000), ':1', /nested too deep/],
    ['what is cut off', comps(GROUP).slice(0, 200), '', /It is no XML/],
    ['another document', '<html/>', ':1', /not <comps>/],
    ['an unknown element', comps('<group><id>a</id><script/></group>'), ':3', /<script> has no meaning in <group>/],
    ['a group without id', comps('<group/>'), ':3', /has no <id>/],
    ['a group twice', comps('<group><id>a</id></group><group><id>a</id></group>'), '', /has a twice/],
    ['a name that is none', comps('<group><id>../../x</id></group>'), ':3', /is no name/],
    [
      'a type that is none',
      comps('<group><id>a</id><packagelist><packagereq type="x">b</packagereq></packagelist></group>'),
      ':3',
      /none that dnf knows/,
    ],
    ['too much', `<comps>${' '.repeat(1024 ** 2)}</comps>`, '', /more than 1 MiB/],
    ['nothing', '', '', /It is no XML/],
  ])('that is %s is refused', async (_, text, line, message) => {
    const started = performance.now();
    await expect(read({ 'comps.xml': text })).rejects.toMatchObject({
      ...{ code: 'source_invalid', message: expect.stringMatching(message) as string },
      where: expect.stringMatching(`^comps\\.xml${line}`) as string,
    });
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test('that the spec names as a source is a source, and so is one elsewhere', async () => {
    const spec = SPECS.fedora.replace(/^Source0:/m, 'Source7: https://example.org/comps.xml\nSource0:');
    expect(await read({ 'comps.xml': '<html/>' }, spec)).toEqual({});
    expect(await read({ 'doc/comps.xml': '<html/>', 'comps.xml.in': '' })).toEqual({});
  });
});

const MODULE = `---
document: modulemd
version: 2
data:
  name: foo
  stream: 1.10
  summary: Foo for all
  description: >-
    Two
    lines: of it
  license:
    module: [MIT]
  dependencies:
  - buildrequires: { platform: [] }
    requires:
      platform: [f43, el9]
  profiles:
    default:
      rpms: [foo]
      default: true
  api:
    rpms:
    - foo
  components:
    rpms: { foo: { rationale: because } }
...
`;
const DEFAULTS = `document: modulemd-defaults
version: 1
data: { module: foo, stream: 1.10, profiles: { 1.10: [default] } }
`;

describe('modulemd', () => {
  test('gets what the build system adds, and all packages of its project', async () => {
    const { modules = '' } = await read({ 'foo.modulemd.yaml': MODULE, 'foo.modulemd-defaults.yaml': DEFAULTS });
    const packages = [
      { name: 'foo', fullName: 'foo-2-1.noarch', kind: 'binary' as const },
      { name: 'foo-libs', fullName: 'foo-libs-3:2-1.x86_64', kind: 'binary' as const },
      { name: 'foo', fullName: 'foo-2-1.src', kind: 'source' as const },
    ];
    const text = textOf('modules', [{ text: modules, packages }]) ?? '';
    expect(text).toContain('stream: "1.10"\n');
    expect(text).toContain('version: 20260921141320\n');
    expect(text).toContain('context: abcdef01\n');
    expect(text).toContain('arch: x86_64\n');
    expect(text).toContain('rpms:\n      - foo-0:2-1.noarch\n      - foo-libs-3:2-1.x86_64\n');
    expect(text).not.toContain('rationale');
    expect(text).toContain('document: modulemd-defaults\n');
    expect(rpmWholeParts.map(({ owned }, n) => (n === 0 ? [] : owned(modules)))).toEqual([[], ['module foo']]);
  });

  test('says itself what it says of version, context and architecture', async () => {
    const own = MODULE.replace('  summary', '  version: 7\n  context: c0ffee\n  arch: x86_64\n  summary');
    const text = textOf('modules', [{ text: (await read({ 'modules.yaml': own })).modules ?? '' }]);
    expect(text).toMatch(/version: 7\n[^]*context: c0ffee\n/);
    await expect(read({ 'modulemd.yaml': own.replace('arch: x86_64', 'arch: s390x') })).rejects.toMatchObject(
      invalid('modulemd.yaml:2', 'the target is x86_64'),
    );
  });

  const laughs = `a: &a0 [x]\n${Array.from({ length: 30 }, (_, n) => `b${n}: &a${n + 1} [*a${n}, *a${n}]\n`).join('')}`;
  test.each<[string, string, number, RegExp]>([
    ['aliases', laughs, 2, /aliases are not taken/],
    ['nested keys without end', '? '.repeat(60_000), 0, /nested too deep/],
    ['nested lists without end', '['.repeat(200_000), 0, /nested too deep/],
    ['tags of Python', 'document: !!python/object/apply:os.system ["touch /tmp/x"]', 1, /no modulemd document/],
    ['a tab', 'document:\n\tx', 2, /It is no YAML/],
    ['what is no UTF-8', 'document: \u0000', 1, /It is no YAML/],
    ['nothing', '', 0, /describes 0 module streams/],
    ['a list', '- a', 1, /no modulemd document/],
    ['another version', MODULE.replace('version: 2', 'version: 3'), 2, /version/],
    ['another document', MODULE.replace('document: modulemd', 'document: modulemd-packager'), 2, /document/],
    [
      'artifacts of its own',
      MODULE.replace('  summary', '  artifacts: { rpms: [glibc-0:2-1.x86_64] }\n  summary'),
      2,
      /artifacts: what is in the module is filled in/,
    ],
    [
      'what hides others',
      MODULE.replace('  summary', '  demodularized: { rpms: [glibc] }\n  summary'),
      2,
      /demodularized/,
    ],
    ['an unknown key', MODULE.replace('  summary', '  summery'), 2, /summ/],
    ['a name that is none', MODULE.replace('name: foo', 'name: "a:b"'), 2, /this is no name/],
    ['two streams', `${MODULE}${MODULE}`, 0, /describes 2 module streams/],
    [
      'defaults of another module',
      `${MODULE}---\n${DEFAULTS.replace('module: foo', 'module: perl')}`,
      0,
      /default of perl/,
    ],
    ['defaults twice', `${MODULE}---\n${DEFAULTS}---\n${DEFAULTS}`, 0, /default of foo twice/],
    ['too much', `# ${' '.repeat(256 * 1024)}`, 0, /more than 256 KiB/],
  ])('with %s is refused', async (_, text, line, message) => {
    await expect(read({ 'modulemd.yaml': text })).rejects.toMatchObject({
      ...{ code: 'source_invalid', message: expect.stringMatching(message) as string },
      where: expect.stringMatching(line === 0 ? /^modulemd\.yaml/ : `^modulemd\\.yaml:${line}$`) as string,
    });
  });

  test('is not asked for where there is no such file', async () => {
    const noJail = () => Promise.reject(new Error('a jail was opened'));
    const files = ['foo.spec', 'x.yaml'].map((path) => packagingFile(path, SPECS.fedora));
    expect(await readRpmSupplements(noJail, files, ABOUT)).toEqual({});
  });
});
