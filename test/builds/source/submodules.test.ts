import { execFileSync } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeTarball } from '../../../src/builds/source/index.ts';
import { openMirror, type Mirror } from '../../../src/lib/git/index.ts';
import { createFixture, temporaryDirectory, type Content, type Fixture } from '../../lib/git/fixture.ts';
import { sampled } from '../../sampled.ts';

let scope: Awaited<ReturnType<typeof temporaryDirectory>>;
let upstream: Fixture;
let library: Fixture;
let mirror: Mirror;

beforeEach(async () => {
  scope = await temporaryDirectory();
  upstream = await createFixture(join(scope.path, 'org', 'upstream'));
  library = await createFixture(join(scope.path, 'org', 'library'));
  mirror = await openMirror(join(scope.path, 'git'), upstream.path);
});
afterEach(() => scope[Symbol.asyncDispose]());

const gitmodules = (modules: Record<string, string>) =>
  Object.entries(modules)
    .map(([path, url]) => `[submodule "${path}"]\n\tpath = ${path}\n\turl = ${url}\n`)
    .join('');

async function make(files: Record<string, Content>, options: { bytes?: number; from?: Mirror } = {}): Promise<string> {
  const commit = await upstream.commit({ parent: null, files });
  const output = join(scope.path, 'made.tar.gz');
  await mirror.fetch();
  await makeTarball({
    mirror: options.from ?? mirror,
    commit,
    topDirectory: 'a-1.0',
    limits: { bytes: options.bytes ?? 1e6 },
    submoduleMirrors: join(scope.path, 'git'),
    output,
  });
  return output;
}

function unpacked(path: string): Record<string, string> {
  const names = execFileSync('tar', ['-tf', path], { encoding: 'utf8' }).trim().split('\n');
  return Object.fromEntries(
    names.map((name) => [
      name,
      name.endsWith('/') ? '' : execFileSync('tar', ['-xOf', path, name], { encoding: 'utf8' }),
    ]),
  );
}

describe('submodules', () => {
  test('are taken at their commits, nested ones too, relative addresses resolved', async () => {
    const nested = await createFixture(join(scope.path, 'org', 'nested'));
    const inner = await nested.commit({ files: { inner: 'innermost', zeros: new Uint8Array(4096) } });
    const outer = await library.commit({
      files: {
        '.gitmodules': gitmodules({ 'deep/nested': '../nested' }),
        'deep/nested': { submodule: inner },
        '.gitattributes': 'id export-subst\n',
        id: '$Format:%H$',
      },
    });
    await library.commit({ files: { later: 'not this one' } });
    await nested.commit({ files: { inner: 'not this one' } });
    const output = await make({
      '.gitmodules': gitmodules({ 'third party/library': '../library/', 'src/nested': nested.path }),
      'third party/library': { submodule: outer },
      'src/nested': { submodule: inner },
      'src/main': 'main',
      zzz: 'last',
    });
    const files = unpacked(output);
    expect(Object.keys(files).sort()).toEqual([
      'a-1.0/',
      'a-1.0/.gitmodules',
      'a-1.0/src/',
      'a-1.0/src/main',
      'a-1.0/src/nested/',
      'a-1.0/src/nested/inner',
      'a-1.0/src/nested/zeros',
      'a-1.0/third party/',
      'a-1.0/third party/library/',
      'a-1.0/third party/library/.gitattributes',
      'a-1.0/third party/library/.gitmodules',
      'a-1.0/third party/library/deep/',
      'a-1.0/third party/library/deep/nested/',
      'a-1.0/third party/library/deep/nested/inner',
      'a-1.0/third party/library/deep/nested/zeros',
      'a-1.0/third party/library/id',
      'a-1.0/zzz',
    ]);
    expect(files['a-1.0/third party/library/deep/nested/inner']).toBe('innermost');
    expect(files['a-1.0/src/nested/zeros']).toBe('\0'.repeat(4096));
    expect(files['a-1.0/third party/library/id']).toBe(outer);
    expect(files['a-1.0/zzz']).toBe('last');
  });

  test('give the same bytes from other mirrors', async () => {
    const commit = await library.commit({ files: { [`${'long/'.repeat(40)}name`]: 'x', empty: '' } });
    const files = { '.gitmodules': gitmodules({ l: library.path }), l: { submodule: commit } };
    const first = await readFile(await make(files));
    await library.commit();
    const output = join(scope.path, 'again.tar.gz');
    const other = await openMirror(join(scope.path, 'others'), upstream.path);
    await other.fetch();
    await makeTarball({
      mirror: other,
      commit: await other.resolveBranch('main'),
      topDirectory: 'a-1.0',
      limits: { bytes: 1e6 },
      submoduleMirrors: join(scope.path, 'others'),
      output,
    });
    expect((await readFile(output)).equals(first)).toBe(true);
  });

  test('that no branch of theirs leads to are asked for by name', async () => {
    const [base = '', hidden = ''] = await library.commits([{}, { files: { hidden: '1' } }]);
    await library.force('main', base);
    await library.git('config', 'uploadpack.allowAnySHA1InWant', 'true');
    const files = { '.gitmodules': gitmodules({ l: '../library' }), l: { submodule: hidden } };
    expect(unpacked(await make(files))).toHaveProperty(['a-1.0/l/hidden'], '1');
  });

  test('without an address, or left out by export-ignore, stay out', async () => {
    const commit = await library.commit();
    const files = {
      '.gitmodules': gitmodules({ left: '../gone' }),
      '.gitattributes': 'left export-ignore\n',
      left: { submodule: commit },
      nowhere: { submodule: commit },
    };
    expect(Object.keys(unpacked(await make(files)))).toEqual([
      'a-1.0/',
      'a-1.0/.gitattributes',
      'a-1.0/.gitmodules',
      'a-1.0/nowhere/',
    ]);
  });
});

describe('a submodule is refused', () => {
  test('whose address runs a program or is an option, by name, and nothing runs', async () => {
    const mark = join(scope.path, 'ran');
    const commit = await library.commit();
    for (const url of [
      `ext::sh -c touch% ${mark}`,
      `ext::touch ${mark}`,
      `--upload-pack=touch ${mark}`,
      `-u./payload`,
      `ssh://-oProxyCommand=touch${mark}/x`,
      `-oProxyCommand=touch:x`,
      `user@-oProxyCommand=touch:x`,
      `fd::17/x`,
      `ftp://example.org/x`,
      `../../../../../../../../../../../..`,
      `not a url`,
      `%0aext::touch`,
    ])
      await expect(
        make({ '.gitmodules': `[submodule "l"]\n\tpath = l\n\turl = "${url}"\n`, l: { submodule: commit } }),
        url,
      ).rejects.toMatchObject({
        code: 'source_invalid',
        where: '.gitmodules',
        message: expect.stringContaining(JSON.stringify(url)) as string,
      });
    await expect(stat(mark)).rejects.toThrow();
    expect((await readdir(scope.path)).filter((name) => /^made|^\.tmp/.test(name))).toEqual([]);
  });

  test('that leads from the network to this machine or to a login of ours', async () => {
    const commit = await library.commit();
    // The same mirror, as if it had been fetched from elsewhere.
    const from = (url: string, transport: Mirror['transport']) => ({ ...mirror, url, transport });
    const cases = [
      [from('https://example.org/x', 'https'), library.path],
      [from('https://example.org/x', 'https'), `file://${library.path}`],
      [from('https://example.org/x', 'https'), 'git@internal:secret'],
      [from('ssh://git@example.org/x', 'ssh'), library.path],
    ] as const;
    for (const [other, url] of cases)
      await expect(
        make({ '.gitmodules': gitmodules({ l: url }), l: { submodule: commit } }, { from: other }),
      ).rejects.toMatchObject({ code: 'source_invalid', message: expect.stringContaining('may not name') as string });
  });

  sampled(
    'when its commit is not there, its repository is gone, .gitmodules is broken or a link, or all is too large',
    async () => {
      const commit = await library.commit({ files: { large: 'x'.repeat(3000) } });
      const files = { '.gitmodules': gitmodules({ l: '../library' }), l: { submodule: commit } };
      await expect(make({ ...files, l: { submodule: `${commit.slice(0, 36)}0000` } })).rejects.toMatchObject({
        code: 'source_invalid',
        message: expect.stringContaining('which its repository does not have') as string,
      });
      await expect(make({ ...files, '.gitmodules': gitmodules({ l: '../gone' }) })).rejects.toMatchObject({
        code: 'project_unreachable',
      });
      await expect(make({ ...files, '.gitmodules': '[submodule "l' })).rejects.toMatchObject({
        code: 'source_invalid',
      });
      await expect(make({ ...files, '.gitmodules': { link: '/etc/passwd' } })).rejects.toMatchObject({
        code: 'source_invalid',
      });
      await expect(make({ ...files, own: 'y'.repeat(3000) }, { bytes: 5000 })).rejects.toMatchObject({
        code: 'source_invalid',
        message: expect.stringContaining('MiB of files') as string,
      });
      expect(Object.keys(unpacked(await make(files)))).toContain('a-1.0/l/large');
    },
  );
});
