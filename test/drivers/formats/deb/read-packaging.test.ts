import { expect, test } from 'vitest';
import { readPackaging } from '../../../../src/drivers/formats/deb/read-packaging.ts';
import { TrunklineError } from '../../../../src/lib/index.ts';
import { packagingFile } from '../stage-request.ts';

const CONTROL = 'Source: foo\nMaintainer: A <a@b>\n\nPackage: foo\nArchitecture: any\n';

function read(files: Record<string, string>) {
  return readPackaging(Object.entries(files).map(([path, content]) => packagingFile(path, content)));
}

test('name, format and epoch', () => {
  expect(read({ 'debian/control': CONTROL })).toEqual({ name: 'foo', native: false, epoch: null });
  expect(read({ control: CONTROL, 'source/format': '3.0 (native)\n' })).toEqual({
    name: 'foo',
    native: true,
    epoch: null,
  });
  expect(read({ 'debian/control': CONTROL, 'debian/source/format': '3.0 (quilt)' }).native).toBe(false);
  const changelog = (version: string) =>
    `foo (${version}) unstable; urgency=medium\n\n  * x\n\n -- A <a@b>  Mon, 01 Jan 2024 00:00:00 +0000\n`;
  expect(read({ 'debian/control': CONTROL, 'debian/changelog': changelog('3:1.0-1') }).epoch).toBe(3);
  expect(read({ 'debian/control': CONTROL, 'debian/changelog': changelog('1.0') }).epoch).toBeNull();
  expect(read({ 'debian/control': CONTROL, 'debian/changelog': '\n' }).epoch).toBeNull();
  expect(
    read({
      'debian/control': `\n#c\n\nSOURCE : libfoo+x1.0\n  # text\n#c\nFoo:\n .\n\n\n${CONTROL.split('\n\n')[1] ?? ''}`,
    }).name,
  ).toBe('libfoo+x1.0');
});

test.each<[string, Record<string, string>, string | undefined, string]>([
  ['nothing at all', {}, undefined, 'no debian/control'],
  ['debian without control', { 'debian/rules': '' }, 'debian/control', 'no debian/control'],
  ['an empty control', { 'debian/control': '' }, 'debian/control:1', 'no Source field'],
  ['control without Source', { 'debian/control': 'Package: foo\n' }, 'debian/control:1', 'no Source field'],
  ['a line that is no field', { 'debian/control': 'Source: foo\nnonsense\n' }, 'debian/control:2', 'no field'],
  ['a continuation first', { control: ' Source: foo\n' }, 'control:1', 'continuation line'],
  ['a field twice', { 'debian/control': `Source: foo\nsource: bar\n\n${CONTROL}` }, 'debian/control:2', 'twice'],
  ['two Source paragraphs', { 'debian/control': `${CONTROL}\nSource: bar\n` }, 'debian/control:7', 'second Source'],
  ['no binary package', { 'debian/control': 'Source: foo\n' }, 'debian/control:1', 'no paragraph for a binary'],
  [
    'a paragraph without Package',
    { 'debian/control': `${CONTROL}\nArchitecture: all\n` },
    'debian/control:7',
    'no Package field',
  ],
  ['a name that is a path', { 'debian/control': CONTROL.replace('foo', '../foo') }, 'debian/control:1', 'no name'],
  ['a name with a macro', { 'debian/control': CONTROL.replace('foo', '$(id)') }, 'debian/control:1', 'no name'],
  [
    'an unknown format',
    { 'debian/control': CONTROL, 'debian/source/format': '3.0 (git)\n' },
    'debian/source/format:1',
    'not supported',
  ],
  [
    'a damaged changelog',
    { 'debian/control': CONTROL, 'debian/changelog': '\n\nfoo 1.0\n' },
    'debian/changelog:3',
    'does not start',
  ],
  [
    'a changelog with a hostile version',
    { 'debian/control': CONTROL, 'debian/changelog': 'foo ($(id)) x; urgency=low\n' },
    'debian/changelog:1',
    'does not start',
  ],
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
