import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../src/lib/index.ts';
import { DEB, deploySamples, RPM } from './fixture.ts';
import { aptClient, dnfClient } from './install.ts';
import { contentsOf, repositoryOf } from './published.ts';

const TIMEOUT = 240_000;

test(
  'with a key everything a client reads is signed, and dnf and apt install with nothing but the client files',
  async () => {
    const deployment = await deploySamples(['alpha'], { formats: 'both', settings: { signing: {} } });
    const { cli, json, directory } = deployment;
    const early = await cli('run');
    expect([early.code, early.stderr]).toEqual([1, expect.stringContaining('trunkline key rotate')]);
    await json(['key', 'rotate']);
    await json(['run']);
    const rpmTop = repositoryOf(deployment, RPM);
    expect(await readFile(join(rpmTop, `trunkline-${RPM}.repo`), 'utf8')).toMatch(/gpgcheck=1\nrepo_gpgcheck=1\n/);
    const dnf = await dnfClient(join(directory, 'dnf'), join(rpmTop, `trunkline-${RPM}.repo`));
    expect(await dnf.install('alpha')).not.toMatch(/ignor/i);
    const debTop = repositoryOf(deployment, DEB);
    expect(await readFile(join(debTop, `trunkline-${DEB}.sources`), 'utf8')).toMatch(/^Signed-By:/m);
    const apt = await aptClient(join(directory, 'apt'), debTop, `trunkline-${DEB}`);
    expect(await apt.install('alpha')).not.toMatch(/unauthenticated|ignor/i);
    for (const { root } of [dnf, apt])
      expect(await readFile(join(root, 'usr/share/alpha/content'), 'utf8')).toBe('one\n');

    for (const { sha256, fileName } of await contentsOf(deployment, RPM)) {
      const path = join(rpmTop, 'pool', sha256.slice(0, 2), sha256, fileName);
      const { stdout } = await run(['rpm', '-qp', '--nosignature', '--qf', '%{RSAHEADER:pgpsig}', path]);
      expect(stdout).toMatch(/^RSA\/SHA256/);
    }
    const [built] = await json<{ id: number }[]>(['builds', '--target', RPM]);
    const { packages } = await json<{ packages: { sha256: string; unsignedSha256: string }[] }>([
      ...['build', 'show', String(built?.id)],
    ]);
    for (const one of packages) expect(one.sha256).not.toBe(one.unsignedSha256);
  },
  TIMEOUT,
);

test(
  'a change that came after signing is refused by both clients',
  async () => {
    const deployment = await deploySamples(['alpha'], { formats: 'both', settings: { signing: {} } });
    const { json, directory } = deployment;
    await json(['key', 'rotate']);
    await json(['run']);
    const rpmTop = repositoryOf(deployment, RPM);
    const repomd = join(rpmTop, 'current/repodata/repomd.xml');
    await run(['sed', '-i', 's/<revision>/<revision>1/', repomd]);
    const dnf = await dnfClient(join(directory, 'dnf'), join(rpmTop, `trunkline-${RPM}.repo`));
    await expect(dnf.install('alpha')).rejects.toThrow(
      /repomd.xml GPG signature verification error|Unable to find a match/,
    );
    const debTop = repositoryOf(deployment, DEB);
    await run(['sed', '-i', 's/^Label: .*/Label: other/', join(debTop, 'current/dists/trunk/InRelease')]);
    const apt = await aptClient(join(directory, 'apt'), debTop, `trunkline-${DEB}`);
    await expect(apt.install('alpha')).rejects.toThrow(/BADSIG|not signed|invalid/);
  },
  TIMEOUT,
);
