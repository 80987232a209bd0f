import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openJail, type Jail, type JailRoot } from '../../../src/lib/jail/index.ts';

describe('the machine’s own root as a root of a jail', () => {
  let jail: Jail;
  let root: JailRoot;
  let directory: string;
  const secret = `/etc/trunkline-test-${String(process.pid)}`;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'trunkline-host-'));
    writeFileSync(secret, 'secret of the machine');
    chmodSync(secret, 0o600);
    jail = await openJail({ label: 'test-host', limits: { memory: 1e9, processes: 100, disk: 200e6 } });
    root = await jail.addHostRoot();
  });
  afterAll(async () => {
    await jail.close();
    rmSync(secret, { force: true });
    rmSync(directory, { recursive: true, force: true });
  });

  const shell = (script: string, user: 'root' | 'builder' = 'root') =>
    jail.run(['/bin/sh', '-ec', script], { root, user, timeout: 60 });

  it('has the machine’s programs with their owners', async () => {
    const result = await shell(
      'stat -c "%u:%g" /usr/bin/dpkg /etc/passwd /var/lib/dpkg/status; dpkg-query -W -f "\\${Status}" dpkg',
    );
    expect(result.stdout).toBe('0:0\n0:0\n0:0\ninstall ok installed');
  });

  it('has no secret and no home of the machine', async () => {
    const result = await shell(
      'cat /etc/shadow /etc/gshadow; ls -A /root /home /srv /opt /usr/local/bin /var/cache/apt/archives',
    );
    expect(result.stdout).toMatch(/^root:\*:/m);
    expect(result.stdout).not.toContain('$');
    expect((await shell(`cat ${secret} || echo none`)).stdout).toBe('none\n');
    expect((await shell('ls -d /etc/ssh /etc/ssl/private /work || true')).stdout).toBe('');
  });

  it('takes a package of dpkg’s on top, and the machine does not', async () => {
    const build = `mkdir -p /tmp/p/DEBIAN /tmp/p/usr/bin /tmp/p/etc; cd /tmp
      printf 'Package: trunkline-jail-test\\nVersion: 1\\nArchitecture: all\\nMaintainer: T <t@example.org>\\nDescription: test\\n' >p/DEBIAN/control
      printf '#!/bin/sh -e\\nuseradd --system trunkline-jail-test\\nchown trunkline-jail-test /usr/bin/trunkline-jail-test\\n' >p/DEBIAN/postinst
      chmod 755 p/DEBIAN/postinst; echo 'echo hello' >p/usr/bin/trunkline-jail-test; chmod 755 p/usr/bin/trunkline-jail-test
      dpkg-deb --root-owner-group -b p p.deb >/dev/null; apt-get -qq install ./p.deb >&2; rm /usr/bin/awk`;
    const installed = await shell(build);
    expect(installed, installed.stderr).toMatchObject({ exitCode: 0 });
    const after = await shell(
      'trunkline-jail-test; stat -c %U /usr/bin/trunkline-jail-test; ls /usr/bin/awk || echo gone',
      'builder',
    );
    expect(after.stdout).toBe('hello\ntrunkline-jail-test\ngone\n');
    expect(existsSync('/usr/bin/trunkline-jail-test')).toBe(false);
    expect(readFileSync('/var/lib/dpkg/status', 'utf8')).not.toContain('trunkline-jail-test');
    expect(statSync('/usr/bin/awk').isFile()).toBe(true);
  });

  it('lets a link planted in it lead bubblewrap to nothing of the machine', async () => {
    await shell('ln -s /oldroot/h/mapped/etc /link; ln -s /oldroot/jail/host/top /link2');
    for (const name of ['link', 'link2'])
      await jail
        .run(['/bin/true'], {
          root,
          user: 'root',
          timeout: 10,
          binds: [{ source: directory, target: `/${name}/made-by-test` }],
        })
        .catch(() => undefined);
    expect(existsSync('/etc/made-by-test')).toBe(false);
  });
});
