import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  BUILDER,
  openJail,
  shiftedOwner,
  type Jail,
  type JailRoot,
  type JailRun,
} from '../../../src/lib/jail/index.ts';

const MEGABYTE = 1024 * 1024;
const limits = { memory: 256 * MEGABYTE, processes: 60, disk: 32 * MEGABYTE };

let directory: string;
let jail: Jail;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'trunkline-roots-'));
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(async () => {
  jail = await openJail({ label: 'test-roots', limits });
});
afterEach(() => jail.close());

/** A shell of the host's on a root of the jail, which lies at /r. */
async function inRoot(root: JailRoot, script: string, settings: Partial<JailRun> = {}): Promise<string> {
  const result = await jail.run(['/bin/sh', '-ec', script], {
    root: 'tools',
    rootsInside: [{ root, target: '/r' }],
    user: 'root',
    timeout: 20,
    ...settings,
  });
  expect(result, result.stderr).toMatchObject({ exitCode: 0, stop: null });
  return result.stdout;
}

describe('a root above others', () => {
  it('starts with what its lowers have, the first on top, and changes none of them', async () => {
    const tree = join(directory, 'base, with: odd\\name');
    const top = join(directory, 'top');
    for (const path of [tree, top]) mkdirSync(path);
    const filled = await jail.addTree(tree);
    await inRoot(
      filled,
      'cd /r; mkdir etc gone; echo base >etc/a; echo base >etc/b; echo x >gone/x; chown 1000:5 etc/b',
    );
    const upper = await jail.addTree(top);
    await inRoot(upper, 'mkdir /r/etc; echo top >/r/etc/a');
    const both = await jail.addRoot([top, tree]);
    expect(await inRoot(both, 'cd /r; cat etc/a etc/b; stat -c %u:%g etc etc/b; rm -r gone; echo new >etc/b')).toBe(
      'top\nbase\n0:0\n1000:5\n',
    );
    expect(readFileSync(join(tree, 'etc/b'), 'utf8')).toBe('base\n');
    expect(existsSync(join(tree, 'gone/x'))).toBe(true);
    expect(statSync(join(tree, 'etc/b'))).toMatchObject({ uid: shiftedOwner + BUILDER, gid: shiftedOwner + 5 });
  });

  it('keeps a deleted file deleted and a replaced directory replaced when its upper layer is saved and used again', async () => {
    const base = join(directory, 'saved-base');
    mkdirSync(base);
    const tree = await jail.addTree(base);
    await inRoot(tree, 'cd /r; mkdir keep replaced; echo 1 >keep/old; echo 1 >keep/stays; echo 1 >replaced/before');
    const first = await jail.addRoot([base]);
    const change =
      'cd /r; rm keep/old; rm -r replaced; mkdir replaced; echo 2 >replaced/after; ln -s keep link; chmod 4755 keep/stays';
    await inRoot(first, change);
    const layer = join(directory, 'layers/one');
    await jail.saveUpper(first, layer);
    await expect(jail.saveUpper(first, layer)).rejects.toMatchObject({ code: 'invalid_argument' });
    expect(readdirSync(join(directory, 'layers'))).toEqual(['one']);
    expect(lstatSync(join(layer, 'keep/old')).isCharacterDevice()).toBe(true);
    expect(lstatSync(join(layer, 'link')).isSymbolicLink()).toBe(true);

    await using later = await openJail({ label: 'test-roots-later', limits });
    const again = await later.addRoot([layer, base]);
    const listing = await later.run(['/usr/bin/find', '/r', '-xdev', '-mindepth', '1', '-printf', '%P %u %m\n'], {
      root: 'tools',
      rootsInside: [{ root: again, target: '/r' }],
      user: 'builder',
      timeout: 20,
    });
    const lines = listing.stdout.trim().split('\n').sort();
    expect(lines.filter((line) => !/^(dev|proc|sys|tmp) /.test(line))).toEqual([
      'keep root 755',
      'keep/stays root 4755',
      'link root 777',
      'replaced root 755',
      'replaced/after root 644',
    ]);
  });

  it('is not saved while something runs in the jail', async () => {
    const root = await jail.addRoot([]);
    const running = jail.run(['/bin/sleep', '0.3'], { root: 'tools', user: 'root', timeout: 5 });
    await expect(jail.saveUpper(root, join(directory, 'never'))).rejects.toThrow(/while something else goes on/);
    await running;
  });

  it('can be what a run has as its own root, as either user', async () => {
    const base = join(directory, 'own');
    mkdirSync(base);
    const tree = await jail.addTree(base);
    const copyShell = `cd /r; mkdir -p bin lib64; cp /bin/sh /bin/cat bin; cp -L $(ldd /bin/sh /bin/cat | grep -o '/[^ ]*' | grep -v : | sort -u) lib64; echo hi >hi`;
    await inRoot(tree, copyShell);
    const root = await jail.addRoot([base]);
    for (const user of ['root', 'builder'] as const) {
      const env = { LD_LIBRARY_PATH: '/lib64' };
      const result = await jail.run(['/bin/sh', '-c', 'cat /hi; echo $HOME; : >/tmp/home/x && : >/x'], {
        root,
        user,
        env,
        timeout: 10,
      });
      expect(result.stdout).toBe('hi\n/tmp/home\n');
      expect(result.exitCode).toBe(user === 'root' ? 0 : 2);
    }
    const chrooted = await jail.run(
      ['/usr/sbin/chroot', '/r', '/bin/sh', '-c', 'cat /hi /proc/self/comm; echo >/dev/null'],
      {
        root: 'tools',
        rootsInside: [{ root, target: '/r' }],
        user: 'root',
        env: { LD_LIBRARY_PATH: '/lib64' },
        timeout: 10,
      },
    );
    expect(chrooted).toMatchObject({ stdout: 'hi\ncat\n', stderr: '', exitCode: 0 });
  });

  it('takes the package that owns /proc, /dev and /sys, and keeps a Lua scriptlet inside', async () => {
    const spec = [
      'Name: filesystem-test',
      'Version: 1',
      'Release: 1',
      'Summary: x',
      'License: x',
      'BuildArch: noarch',
      '%description',
      'x',
      '%install',
      'cd %{buildroot}; mkdir dev proc sys tmp root',
      '%pre -p <lua>',
      'posix.mkdir("/made-by-lua")',
      '%files',
      '%attr(0755,root,root) /dev',
      '%attr(0555,root,root) /proc',
      '%attr(0555,root,root) /sys',
      '%attr(0550,root,root) /root',
    ].join('\n');
    const root = await jail.addRoot([]);
    const script = `cat >/tmp/f.spec; rpmbuild --quiet -bb --define '_topdir /tmp/b' /tmp/f.spec; mkdir -p /r/var/lib/rpm
      rpm --root /r --dbpath /var/lib/rpm -i /tmp/b/RPMS/noarch/*.rpm; stat -c '%n %a' /r/root /r/proc /r/made-by-lua`;
    expect(await inRoot(root, script, { input: spec })).toBe('/r/root 550\n/r/proc 555\n/r/made-by-lua 755\n');
    expect(existsSync('/made-by-lua')).toBe(false);
  });

  it('takes owners, capabilities and hard links as a package manager sets them', async () => {
    const root = await jail.addRoot([]);
    const script = `cd /r; cp /bin/true p; chown 33:44 p; setcap cap_net_raw+ep p; getcap p; ln p q; chown -h 65534 q; stat -c '%u %h' p; mkfifo f; setfattr -n user.a -v b p || true`;
    expect(await inRoot(root, script)).toMatch(/cap_net_raw[=+]+ep\n65534 2\n$/);
  });
});

describe('copying out of a root', () => {
  let root: JailRoot;
  let out: string;
  beforeEach(async () => {
    root = await jail.addRoot([]);
    out = mkdtempSync(join(directory, 'out-'));
  });

  it('answers the regular files of a directory, or one file', async () => {
    await inRoot(
      root,
      "mkdir -p /r/a/b/deep; echo 1 >/r/a/b/one; echo 2 >'/r/a/b/-rf two'; echo 3 >/r/a/b/deep/three; : >/r/a/b/empty",
    );
    expect(await jail.copyOut(root, '/a/b', out, 100)).toEqual([
      join(out, '-rf two'),
      join(out, 'empty'),
      join(out, 'one'),
    ]);
    expect(readFileSync(join(out, 'one'), 'utf8')).toBe('1\n');
    expect(statSync(join(out, 'one'))).toMatchObject({ uid: 0, gid: 0 });
    expect(statSync(join(out, 'one')).mode & 0o7777).toBe(0o644);
    expect(await jail.copyOut(root, 'a/b/deep/three', join(out, 'new'), 100)).toEqual([join(out, 'new/three')]);
    await expect(jail.copyOut(root, '/a/b/one', out, 100)).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(jail.copyOut(root, '/a/none', out, 100)).rejects.toMatchObject({ code: 'not_found' });
    await expect(jail.copyOut(root, '/a/../../x', out, 100)).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('follows no link and opens no special file that the jail has planted', async () => {
    await inRoot(
      root,
      `mkdir /r/d; cd /r/d; ln -s /etc/passwd direct; ln -s ../../../../../../etc/passwd up; ln -s / all; mkfifo pipe; mkdir sub; echo ok >ok
      ln -s /etc ../etc; ln -s d ../alias; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("sock")'`,
    );
    expect(await jail.copyOut(root, '/d', out, 1e6)).toEqual([join(out, 'ok')]);
    for (const path of [
      '/d/direct',
      '/d/up',
      '/d/all/etc/passwd',
      '/etc/passwd',
      '/alias/ok',
      '/d/pipe',
      '/d/sock',
      '/dev',
    ])
      await expect(
        jail
          .copyOut(root, path, join(out, 'x'), 1e6)
          .then((files) => files.length || Promise.reject(new Error('none'))),
        path,
      ).rejects.toThrow();
    expect(existsSync(join(out, 'x/passwd'))).toBe(false);
  });

  it('writes through no link in the directory it copies to', async () => {
    await inRoot(root, 'mkdir /r/d; echo hostile >/r/d/name');
    writeFileSync(join(out, 'victim'), 'victim');
    symlinkSync(join(out, 'victim'), join(out, 'name'));
    await expect(jail.copyOut(root, '/d', out, 100)).rejects.toThrow();
    expect(readFileSync(join(out, 'victim'), 'utf8')).toBe('victim');
  });

  it('refuses more than is allowed, a sparse file’s holes included', async () => {
    await inRoot(
      root,
      'mkdir /r/d /r/e; truncate -s 5G /r/d/huge; head -c 60 /dev/zero >/r/e/a; head -c 60 /dev/zero >/r/e/b',
    );
    await expect(jail.copyOut(root, '/d', out, MEGABYTE)).rejects.toMatchObject({ code: 'package_invalid' });
    await expect(jail.copyOut(root, '/e', out, 100)).rejects.toThrow(/larger than allowed/);
  });

  it('refuses a name that is no UTF-8', async () => {
    await inRoot(root, `mkdir /r/d; touch "/r/d/$(printf 'a\\377')"`);
    await expect(jail.copyOut(root, '/d', out, 100)).rejects.toMatchObject({ code: 'package_invalid' });
  });
});
