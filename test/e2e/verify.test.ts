import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describe, expect } from 'vitest';
import { createClient } from '../../src/api/index.ts';
import { makeFirstKey } from '../../src/app/index.ts';
import { buildDeb, buildDsc, buildRpm, controlOf } from '../drivers/formats/packages.ts';
import { DEB, deploy, only, RPM, type Deployment } from './fixture.ts';
import { upload } from './intake.ts';
import { repositoryOf } from './published.ts';
import { serveAll } from './servers.ts';
import { sampled } from '../sampled.ts';

const LONG = process.env.TRUNKLINE_TEST_LONG === '1';

interface FindingView {
  kind: string;
  where: string;
  what: string;
  remedy: string;
}

interface VerificationView {
  target: string;
  snapshot: string;
  packages: number;
  findings: FindingView[];
  damaged: { fullName: string; snapshots: string[]; refs: string[]; quarantined: string | null }[];
}

/** A deployment that signs, with packages of both formats uploaded. */
async function deploySigned(): Promise<Deployment & { rpms: string[]; snapshots: string[] }> {
  const deployment = await deploy();
  const { directory } = deployment;
  await deployment.configure({ settings: { signing: {} } });
  await makeFirstKey(deployment.dataDir);
  const rpms = await buildRpm(directory, { name: 'lib', preamble: 'Provides: api = 1' });
  const lib = await upload(deployment, RPM, rpms);
  const [app] = await buildRpm(directory, { name: 'app', preamble: 'Requires: api' });
  const second = await upload(deployment, RPM, [app]);
  const dsc = await buildDsc(directory, 'tool', '1');
  const tool = await buildDeb(dirname(dsc), controlOf('tool', '1-1', 'Depends: libc6\n'), { file: 'tool_1-1_all.deb' });
  await upload(deployment, DEB, [dsc, tool]);
  return { ...deployment, rpms, snapshots: [lib.snapshot, second.snapshot] };
}

const verify = ({ json }: Deployment, subject: string, code: number, ...options: string[]) =>
  json<VerificationView>(['repo', 'verify', subject, ...options], code);

/** Where a package's file lies. */
async function poolFile(deployment: Deployment, target: string, name: RegExp): Promise<string> {
  const pool = join(repositoryOf(deployment, target), 'pool');
  return join(pool, only((await readdir(pool, { recursive: true })).filter((path) => name.test(basename(path)))));
}

async function flipByte(path: string, at = -20): Promise<Buffer> {
  const before = await readFile(path);
  const after = Buffer.from(before);
  const place = at < 0 ? after.length + at : at;
  after[place] = (after[place] ?? 0) ^ 1;
  await chmod(path, 0o644);
  await writeFile(path, after);
  return before;
}

describe('trunkline repo verify', () => {
  sampled('finds nothing where all is well, and the very thing that is not', async () => {
    const deployment = await deploySigned();
    for (const subject of [`${RPM}/consistent`, `${RPM}/${deployment.snapshots[0] ?? ''}`, DEB])
      expect((await verify(deployment, subject, 0)).findings).toEqual([]);
    expect(await verify(deployment, RPM, 0)).toMatchObject({ packages: 3, findings: [] });

    const current = join(repositoryOf(deployment, RPM), 'current');
    const breaks: [string, (path: string) => Promise<unknown>, string[]][] = [
      ['repodata/repomd.xml.asc', (path) => flipByte(path, 100), ['signature_bad']],
      ['repodata/repomd.xml.asc', (path) => rm(path), ['signature_missing']],
      ['repodata/repomd.xml', (path) => flipByte(path, -30), ['index_wrong', 'signature_bad']],
      ['repodata/repomd.xml.key', (path) => writeFile(path, 'no key'), ['signature_bad']],
      ['../../trunkline.asc', (path) => rm(path), ['signature_missing']],
      ['../../current.mirrorlist', (path) => writeFile(path, 'http://elsewhere/\n'), ['ref_wrong']],
      ['indices.json', (path) => writeFile(path, '{'), ['index_missing']],
      ...(await readdir(join(current, 'repodata')))
        .filter((name) => name.endsWith('.xml.gz'))
        .map((name): [string, (path: string) => Promise<unknown>, string[]] => [
          join('repodata', name),
          (path) => flipByte(path, 40),
          ['index_damaged'],
        ]),
    ];
    const snapshot = join(repositoryOf(deployment, RPM), await readlink(current));
    // All of them, or every other one: a look at each takes seconds.
    for (const [name, breakIt, kinds] of breaks.filter((_, n) => LONG || n % 2 === 0)) {
      const path = join(snapshot, name);
      const before = await readFile(path);
      await breakIt(path);
      const { findings } = await verify(deployment, RPM, 1);
      // dnf does not read an index that is damaged, so that nothing can be said of dependencies.
      expect(findings.map(({ kind }) => kind).filter((kind) => kind !== 'not_checked')).toEqual(kinds);
      expect(findings[0]?.where).toContain(basename(name));
      expect(findings[0]?.remedy).not.toBe('');
      await writeFile(path, before);
    }
    expect((await verify(deployment, RPM, 0)).findings).toEqual([]);
  });

  sampled('finds what is wrong with an apt repository', async () => {
    const deployment = await deploySigned();
    const top = repositoryOf(deployment, DEB);
    const own = join(top, await readlink(join(top, 'current')), 'dists/trunk');
    const broken = async (path: string, kinds: string[], at = 60) => {
      const before = await flipByte(path, at);
      expect((await verify(deployment, DEB, 1)).findings.map(({ kind }) => kind)).toEqual(kinds);
      await writeFile(path, before);
    };
    await broken(join(own, 'InRelease'), ['signature_bad'], 80);
    await broken(join(own, 'Release'), ['index_wrong', 'signature_bad', 'signature_bad'], 10);
    // One file with two names: the index and its address by digest.
    await broken(join(own, 'main/source/Sources.gz'), ['index_damaged', 'index_damaged']);
    const orig = await poolFile(deployment, DEB, /orig\.tar\.gz$/);
    await flipByte(orig);
    const found = await verify(deployment, DEB, 1);
    expect(only(found.damaged)).toMatchObject({ fullName: 'tool_1-1_source', refs: ['consistent', 'current'] });
    expect(only(found.damaged).quarantined).toContain('tool_1.orig.tar.gz');
  });

  sampled(
    'puts a damaged package aside, names it and who has it, and an upload of the file brings it back',
    async () => {
      const deployment = await deploySigned();
      const path = await poolFile(deployment, RPM, /^lib-1\.0-1\.noarch\.rpm$/);
      const mirror = join(deployment.directory, 'mirror');
      await mkdir(mirror);
      const source = await poolFile(deployment, RPM, /^lib-1\.0-1\.src\.rpm$/);
      const copies = [path, source].map((one) => join(mirror, basename(one)));
      await copyFile(path, copies[0] ?? '');
      await copyFile(source, copies[1] ?? '');
      await flipByte(path);
      const looked = await verify(deployment, RPM, 1, '--no-quarantine');
      expect(looked.findings).toMatchObject([{ kind: 'package_damaged' }]);
      expect(looked.damaged).toMatchObject([{ fullName: 'lib-1.0-1.noarch', quarantined: null }]);
      expect((await readFile(path)).length).toBeGreaterThan(0);

      const found = await verify(deployment, RPM, 1);
      const damaged = only(found.damaged);
      expect(damaged.snapshots.sort()).toEqual([...deployment.snapshots].sort());
      expect(damaged.refs).toEqual(['consistent', 'current']);
      expect(damaged.quarantined).toContain('/quarantine/');
      expect((await readFile(damaged.quarantined ?? '')).length).toBe((await readFile(copies[0] ?? '')).length);
      expect((await verify(deployment, RPM, 1)).findings.map(({ kind }) => kind)).toEqual(['package_missing']);

      expect(await upload(deployment, RPM, copies)).toMatchObject({ upload: null });
      expect((await verify(deployment, RPM, 0)).findings).toEqual([]);
    },
  );

  sampled(
    'beside a server has that put damaged packages aside, and an upload believes nothing of what lies in the pool',
    async () => {
      const deployment = await deploy();
      const { directory, json } = deployment;
      const rpms = await buildRpm(directory, { name: 'lib' });
      await upload(deployment, RPM, rpms);
      const path = await poolFile(deployment, RPM, /^lib-1\.0-1\.noarch\.rpm$/);
      const content = await readFile(path);
      const { url } = await serveAll(deployment.config, ['--jobs', '0', '--no-poll']);
      const file = { target: RPM, package: 'lib-1.0-1.noarch' };
      const nobody = createClient({ url }).post('quarantine', file, { file: basename(path) });
      await expect(nobody).rejects.toMatchObject({ code: 'unauthorized' });
      // The pool's file may be a link to the built one.
      const damage = async () => {
        await rm(path);
        await writeFile(path, Buffer.concat([content.subarray(0, -1), Buffer.from('x')]));
      };
      await damage();
      await upload(deployment, RPM, rpms);
      expect(await readFile(path)).toEqual(content);

      await damage();
      const beside = await verify(deployment, RPM, 1);
      expect(beside.findings.map(({ kind }) => kind)).toEqual(['package_damaged']);
      expect(only(beside.damaged).quarantined).toContain('/quarantine/');
      expect(existsSync(path)).toBe(false);
      await upload(deployment, RPM, rpms);
      expect(await readFile(path)).toEqual(content);

      await damage();
      const { checks } = await json<{ checks: { ailments: { what: string }[] }[] }>(['doctor', '--quarantine'], 1);
      const { what } = only(checks.flatMap(({ ailments }) => ailments));
      expect(existsSync(/is damaged: \S+ \(moved to (\S+)\)/.exec(what)?.[1] ?? '')).toBe(true);
      const written = await json<{ subject: string }[]>(['audit', '--action', 'quarantine']);
      expect(written.map(({ subject }) => subject)).toEqual(Array(2).fill(`package/${RPM}/${file.package}`));
    },
  );

  sampled('names what a snapshot needs and nobody has, in both formats', async () => {
    const deployment = await deploySigned();
    const { directory } = deployment;
    // The provider goes; what needs it stays.
    const [without] = await buildRpm(directory, { name: 'lib', version: '2.0' });
    await upload(deployment, RPM, [without]);
    const rpm = await verify(deployment, RPM, 1);
    expect(rpm.findings).toMatchObject([{ kind: 'dependency_unmet', where: 'app-1.0-1.noarch' }]);
    expect(rpm.findings[0]?.what).toContain('api');
    const there = join(directory, 'debs');
    await mkdir(there);
    const give = async (name: string, version: string, more: string, project: string) => {
      const path = await buildDeb(there, controlOf(name, version, `Replaces: tool, one, two\n${more}`), {
        file: `${name}_${version}_all.deb`,
      });
      await upload(deployment, DEB, [path], '--project', project);
    };
    await give('one', '1', 'Provides: virtual-one\n', 'one');
    await give('two', '1', 'Depends: virtual-one\n', 'two');
    await give('one', '2', '', 'one');
    const deb = await verify(deployment, DEB, 1);
    expect(deb.findings).toMatchObject([{ kind: 'dependency_unmet', where: 'two_1_all' }]);
    expect(deb.findings[0]?.what).toContain('virtual-one');
  });
});
