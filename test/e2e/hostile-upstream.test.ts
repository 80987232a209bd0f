import { appendFile, chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { run } from '../../src/lib/index.ts';
import { addSample, deploy, deploySamples, only, RPM, type Deployment } from './fixture.ts';
import { setTraps } from './host.ts';
import { dnfClient } from './install.ts';
import { repositoryOf } from './published.ts';
import { rpmPackaging, upstream } from './samples.ts';
import type { RunView } from './views.ts';
import { inSample, sampled } from '../sampled.ts';

const LONG = process.env.TRUNKLINE_TEST_LONG === '1';

/** What alpha's package installs. */
async function installed(deployment: Deployment): Promise<string> {
  const root = join(deployment.directory, 'client');
  const machine = await dnfClient(root, join(repositoryOf(deployment, RPM), `trunkline-${RPM}.repo`));
  await machine.install('alpha');
  return readFile(join(root, 'usr/share/alpha/content'), 'utf8');
}

test('a symbolic link to a file of the host leads nowhere, neither for a build nor for its tarball', async () => {
  const deployment = await deploy();
  const secret = join(deployment.directory, 'secret');
  await writeFile(secret, 'the host’s secret\n');
  await chmod(secret, 0o644);
  const alpha = await addSample(deployment, 'alpha', {
    first: {
      ...upstream('one', 'for f in passwd secret up; do echo "== $f"; cat $f; done; readlink passwd secret up'),
      passwd: { link: '/etc/passwd' },
      secret: { link: secret },
      up: { link: `../../../../../../../..${secret}` },
    },
  });
  await deployment.configure({ projects: { alpha: alpha.entry } });
  const { builds } = await deployment.json<RunView>(['run']);
  expect(builds).toMatchObject([{ result: 'success' }]);
  const log = (await deployment.cli('log', '1')).stdout;
  expect(log).not.toContain('the host’s secret');
  expect(log).toMatch(new RegExp(`^/etc/passwd\\n${secret}\\n`, 'm'));
  const find = ['find', join(deployment.dataDir, 'tarballs'), '-name', '*.tar.gz'] as const;
  const tarball = only((await run(find)).stdout.trim().split('\n'));
  expect((await run(['tar', '-tvzf', tarball])).stdout).toMatch(/^l.* \S+\/passwd -> \/etc\/passwd$/m);
});

sampled('files whose names are options, programs or macros are files', async () => {
  const deployment = await deploy();
  const traps = await setTraps();
  const [trap = ''] = traps.paths;
  const names = [
    '-rf',
    '--checkpoint-action=exec=touch x',
    '*',
    `$(touch ${trap.slice(1)})`.replaceAll('/', '_'),
    '%(id)',
  ];
  const alpha = await addSample(deployment, 'alpha', {
    first: {
      ...upstream('one', 'ls -1; cat ./-rf'),
      ...Object.fromEntries(names.map((name) => [name, `I am ${name}\n`])),
    },
  });
  await deployment.configure({ projects: { alpha: alpha.entry } });
  const { builds } = await deployment.json<RunView>(['run']);
  expect(builds).toMatchObject([{ result: 'success' }]);
  const log = (await deployment.cli('log', '1')).stdout;
  for (const name of names) expect(log.split('\n')).toContain(name);
  expect(log).toContain('I am -rf');
  await traps.expectUnsprung();
});

/** Commits a file of `size` zero bytes as a loose object, without ever holding it. */
async function commitZeros(path: string, size: number): Promise<void> {
  const git = (args: string[]) => spawn('git', ['--git-dir', path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const importer = git(['-c', 'core.bigFileThreshold=1m', '-c', 'core.compression=1', 'fast-import', '--quiet']);
  const done = new Promise((resolve) => importer.on('close', resolve));
  const block = Buffer.alloc(1 << 20);
  const write = async (chunk: string | Buffer) => {
    if (!importer.stdin.write(chunk)) await new Promise((resolve) => importer.stdin.once('drain', resolve));
  };
  await write(
    'commit refs/heads/main\ncommitter Ada <ada@example.org> 1800000000 +0000\ndata 4\nhuge\nfrom refs/heads/main^0\n',
  );
  await write(`M 100644 inline sparse\ndata ${size}\n`);
  for (let left = size; left > 0; left -= block.length)
    await write(left < block.length ? block.subarray(0, left) : block);
  await write('\n');
  importer.stdin.end();
  expect(await done).toBe(0);
}

test
  .runIf(inSample('large files of upstreams'))
  .each([...[{ megabytes: 60, limit: { source_size: '50MB' } }], ...(LONG ? [{ megabytes: 5000, limit: {} }] : [])])(
  'a file of $megabytes MB is refused by its size, before it is unpacked',
  async ({ megabytes, limit }) => {
    const deployment = await deploySamples(['alpha'], { settings: { limits: limit } });
    const alpha = only(deployment.samples);
    await commitZeros(alpha.upstream.path, megabytes * 1e6);
    const { builds } = await deployment.json<RunView>(['run'], 1);
    expect(builds).toMatchObject([{ result: 'failure', reason: 'source_error' }]);
    expect(builds[0]?.detail).toMatch(/the largest is "sparse" with \d+\.\d MiB/);
    const { stdout } = await run(['du', '-sm', '--exclude=roots', deployment.dataDir]);
    expect(Number(stdout.split('\t')[0])).toBeLessThan(40);
    // The project goes on without the file.
    await alpha.upstream.commit({ message: 'Remove it', files: { sparse: null } });
    expect((await deployment.json<RunView>(['run'])).builds).toMatchObject([{ result: 'success' }]);
  },
  600_000,
);

sampled('filters, hooks and settings of an upstream repository run nothing', async () => {
  const deployment = await deploy();
  const traps = await setTraps();
  const script = join(deployment.directory, 'evil.sh');
  await writeFile(script, `#!/bin/sh\n${traps.spring}\ncat\n`, { mode: 0o755 });
  const attributes = '* filter=evil\n';
  const alpha = await addSample(deployment, 'alpha', {
    first: {
      ...upstream('unfiltered'),
      '.gitattributes': attributes,
      '.lfsconfig': '[lfs]\n\turl = ext::sh -c touch\n',
    },
  });
  const config = `[filter "evil"]\n\tsmudge = ${script}\n\tclean = ${script}\n\tprocess = ${script}\n\trequired = true
[core]\n\tfsmonitor = ${script}\n\tsshCommand = ${script}\n\tpager = ${script}\n[uploadpack]\n\tpackObjectsHook = ${script}\n`;
  await appendFile(join(alpha.upstream.path, 'config'), config);
  await mkdir(join(alpha.upstream.path, 'hooks'), { recursive: true });
  for (const hook of ['post-checkout', 'post-update', 'reference-transaction', 'pre-auto-gc', 'post-index-change'])
    await writeFile(join(alpha.upstream.path, 'hooks', hook), `#!/bin/sh\n${traps.spring}\n`, { mode: 0o755 });
  await deployment.configure({ projects: { alpha: alpha.entry } });
  const { builds } = await deployment.json<RunView>(['run']);
  expect(builds).toMatchObject([{ result: 'success' }]);
  await traps.expectUnsprung();
  expect(await installed(deployment)).toBe('unfiltered\n');
});

sampled('a submodule whose address runs a program, or leads to files of the host, is refused by name', async () => {
  const deployment = await deploy();
  const traps = await setTraps();
  const other = await deployment.repository('other');
  const commit = await other.commit({ message: 'Begin', files: { inner: 'inner\n' } });
  const addresses = {
    ext: `ext::sh -c touch% ${traps.paths[0] ?? ''}`,
    option: `--upload-pack=touch ${traps.paths[0] ?? ''}`,
    fd: 'fd::17',
    helper: 'evil::x',
  };
  for (const [name, url] of Object.entries(addresses)) {
    const sample = await addSample(deployment, name, {
      first: {
        ...upstream('one'),
        '.gitmodules': `[submodule "sub"]\n\tpath = sub\n\turl = ${url}\n\tupdate = !touch ${traps.paths[0] ?? ''}\n`,
        sub: { submodule: commit },
      },
    });
    await deployment.configure({ projects: { [name]: { ...sample.entry, source: { submodules: true } } } });
    const { builds } = await deployment.json<RunView>(['run'], 1);
    expect(builds).toMatchObject([{ result: 'failure', reason: 'source_error' }]);
    expect(builds[0]?.detail).toMatch(/sub/);
    await traps.expectUnsprung();
  }
  // Where submodules are not asked for, the address is nobody's business.
  const plain = await addSample(deployment, 'plain', {
    first: {
      ...upstream('one'),
      '.gitmodules': `[submodule "sub"]\n\tpath = sub\n\turl = ${addresses.ext}\n`,
      sub: { submodule: commit },
    },
  });
  await deployment.configure({ projects: { plain: plain.entry } });
  expect((await deployment.json<RunView>(['run'])).builds).toMatchObject([{ result: 'success' }]);
  await traps.expectUnsprung();
});

sampled('a submodule’s files are in the source where the project asks for them', async () => {
  const deployment = await deploy();
  const other = await deployment.repository('other');
  const commit = await other.commit({
    message: 'Begin',
    files: { inner: 'from the submodule\n' },
  });
  const alpha = await addSample(deployment, 'alpha', {
    packaging: rpmPackaging('alpha', { build: 'cat sub/inner >>content' }),
    first: {
      ...upstream('one'),
      '.gitmodules': `[submodule "sub"]\n\tpath = sub\n\turl = ${other.path}\n`,
      sub: { submodule: commit },
    },
  });
  await deployment.configure({ projects: { alpha: { ...alpha.entry, source: { submodules: true } } } });
  expect((await deployment.json<RunView>(['run'])).builds).toMatchObject([{ result: 'success' }]);
  expect(await installed(deployment)).toBe('one\nfrom the submodule\n');
});
