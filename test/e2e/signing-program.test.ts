import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, expect } from 'vitest';
import { run } from '../../src/lib/index.ts';
import { buildDeb, buildRpm, controlOf } from '../drivers/formats/packages.ts';
import { makeKey, removeHomes, temporary } from '../drivers/signers/keys.ts';
import { DEB, deploy, RPM } from './fixture.ts';
import { refusedUpload, upload } from './intake.ts';
import { serveAll } from './servers.ts';
import { sampled } from '../sampled.ts';

afterAll(removeHomes);

/** Stands for another machine: a program that signs, the key it has, and the file of what clients are to trust. */
async function signingMachine() {
  const home = await temporary();
  const key = await makeKey(home, { algorithm: 'rsa3072' });
  const gpg = ['gpg', '--homedir', home, '--batch', '--quiet', '--yes'] as const;
  const publicKeys = join(home, 'public.asc');
  const give = () => run([...gpg, '--armor', '--output', publicKeys, '--export', key]);
  const program = join(home, 'sign');
  const sign = `exec gpg --homedir ${home} --batch --quiet --digest-algo SHA256`;
  const cases = `detached) ${sign} --detach-sign ;; armored) ${sign} --armor --detach-sign ;; clearsigned) ${sign} --clear-sign ;;`;
  await writeFile(program, `#!/bin/sh\ncase "$1" in ${cases} esac\n`);
  await chmod(program, 0o755);
  await give();
  /** Changes when the key expires, as gpg takes it, and gives its public part anew. */
  const expire = async (when: string) => {
    await run([...gpg, '--passphrase', '', '--pinentry-mode', 'loopback', '--quick-set-expire', key, when]);
    await give();
  };
  return { key, expire, signing: { command: [program], public_keys: publicKeys } };
}

interface Findings {
  findings: { kind: string; where: string }[];
}

sampled(
  'a program signs both formats; once its key has expired a server serves what there is, says so, and publishes nothing until it is extended',
  async () => {
    const { key, expire, signing } = await signingMachine();
    const deployment = await deploy();
    const { directory, json, config } = deployment;
    await deployment.configure({ settings: { signing } });
    await upload(deployment, RPM, await buildRpm(directory, { name: 'tool' }));
    const there = join(directory, 'debs');
    await mkdir(there);
    await upload(deployment, DEB, [await buildDeb(there, controlOf('tool', '1'), { file: 'tool_1_all.deb' })]);
    for (const target of [RPM, DEB])
      expect((await json<Findings>(['repo', 'verify', target])).findings, target).toEqual([]);

    await expire('seconds=1');
    await pause(1500);
    const { url } = await serveAll(config, ['--jobs', '0', '--no-poll']);
    const index = await fetch(`${url}/repos/${RPM}/current/repodata/repomd.xml`);
    expect([index.status, await index.text()]).toEqual([200, expect.stringContaining('<repomd')]);
    const [next] = await buildRpm(directory, { name: 'tool', version: '2.0' });
    const refused = await refusedUpload(deployment, RPM, [next]);
    expect(refused).toMatchObject({ code: 'signing_failed', message: expect.stringContaining('expired on') as string });
    // apt's index of a ref would have to be signed, an RPM snapshot again, as its key says another day now; and nothing is recorded that cannot be shown.
    const tested = (target: string) => ['ref', 'set', `${target}/tested`, 'current', '--reason', 'a test'];
    for (const target of [DEB, RPM]) {
      const unmoved = await deployment.cli(...tested(target), '--json');
      expect(unmoved, target).toMatchObject({ code: 1, stderr: expect.stringContaining('expired on') as string });
      const refs = await json<{ name: string }[]>(['ref', 'list', target]);
      expect(refs).not.toContainEqual(expect.objectContaining({ name: 'tested' }));
    }
    const { findings } = await json<Findings>(['repo', 'verify', RPM], 1);
    expect(findings[0]).toMatchObject({ kind: 'key_expired', where: `key ${key}` });
    const { checks } = await json<{ checks: { check: string; ailments: { what: string }[] }[] }>(['doctor'], 1);
    const keys = checks.find(({ check }) => check === 'keys');
    expect(keys?.ailments[0]?.what).toContain(`The key ${key} (signs) expired on`);

    await expire('never');
    await upload(deployment, RPM, [next]);
    expect((await json<Findings>(['repo', 'verify', RPM])).findings).toEqual([]);
    for (const target of [DEB, RPM]) {
      await json(tested(target));
      expect((await json<Findings>(['repo', 'verify', `${target}/tested`])).findings).toEqual([]);
    }
  },
);
