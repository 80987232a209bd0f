import { expect, test } from 'vitest';
import { readPackaging } from '../../../../src/drivers/formats/rpm/read-packaging.ts';
import { TrunklineError } from '../../../../src/lib/index.ts';
import { packagingFile } from '../stage-request.ts';
import { SPECS } from './specs.ts';

function read(files: Record<string, string>) {
  return readPackaging(Object.entries(files).map(([path, content]) => packagingFile(path, content)));
}

test.each<[keyof typeof SPECS, string, number | null]>([
  ['fedora', 'foo', null],
  ['rdo', 'python-foo', 1],
  ['versionMacro', 'foo', 2],
  ['multiline', 'foo', null],
])('name and epoch of %s', (style, name, epoch) => {
  expect(read({ 'foo.spec': SPECS[style] })).toEqual({ name, native: false, epoch });
});

test.each([
  ['%{base}-ext', '%global base php', 'php-ext'],
  ['%base', '%define base php', 'php'],
  ['%{?scl_prefix}foo', '', 'foo'],
  ['%{?scl:%{scl}-}foo', '', 'file-name'],
  ['%{!?flavour:foo}', '', 'foo'],
  ['%{?base:x}%{?base}', '%global base php', 'xphp'],
  ['%(echo foo)', '', 'file-name'],
  ['%{base}', '%global base %(touch /tmp/trunkline-pwned)', 'file-name'],
  ['%{base}', '%global base %{base}', 'file-name'],
  ['%{lua:print("x")}', '', 'file-name'],
])('the name %s', (value, definition, name) => {
  expect(read({ 'file-name.spec': `${definition}\nName: ${value}\nVersion: 1\n` }).name).toBe(name);
});

test.each<[string, Record<string, string>, string | undefined, string]>([
  ['no files', {}, undefined, 'it has no files'],
  ['no spec', { README: '', 'tests/x.spec': '' }, undefined, 'README, tests/x.spec'],
  ['only a template', { 'foo.spec.j2': '' }, 'foo.spec.j2', 'no spec file'],
  ['two specs', { 'a.spec': '', 'b.spec': '' }, undefined, 'a.spec, b.spec'],
  ['no name', { 'a.spec': 'Version: 1\n' }, 'a.spec', 'no Name'],
  ['a name that is a path', { 'a.spec': '# x\nName: ../a\n' }, 'a.spec:2', 'no name for a package'],
  ['a macro that is not closed', { 'a.spec': 'Name: a\n%{foo\nVersion: 1\n' }, 'a.spec:2', 'not closed'],
  ['an %if that is not closed', { 'a.spec': 'Name: a\n%if 1\n%ifarch x\n%endif\n' }, 'a.spec:2', 'no %endif'],
  ['an %endif too many', { 'a.spec': 'Name: a\n%endif\n' }, 'a.spec:2', 'no %if'],
  ['a binary', { 'a.spec': 'Name: a\0' }, 'a.spec', 'no text'],
])('%s is refused', (_, files, where, message) => {
  try {
    read(files);
  } catch (error) {
    if (!(error instanceof TrunklineError)) throw error;
    expect([error.code, error.where]).toEqual(['source_invalid', where]);
    expect(error.message).toContain(message);
    expect(error.hint).toBeTruthy();
    return;
  }
  expect.unreachable();
});
