import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  BUILDER,
  jailReadiness,
  openJail,
  recoverJails,
  shiftedOwner,
  type Jail,
  type JailRun,
} from '../../../src/lib/jail/index.ts';

const MEGABYTE = 1024 * 1024;
const limits = { memory: 256 * MEGABYTE, processes: 60, disk: 32 * MEGABYTE };
const USERS = ['root', 'builder'] as const;

let jail: Jail;
let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'trunkline-jail-'));
  jail = await openJail({ label: 'test-isolation', limits });
});
afterAll(async () => {
  await jail.close();
  rmSync(directory, { recursive: true, force: true });
});

function shell(script: string, settings: Partial<JailRun> = {}) {
  return jail.run(['/bin/sh', '-c', script], { root: 'tools', user: 'builder', timeout: 20, ...settings });
}

describe.each(USERS)('%s in a jail', (user) => {
  it('is an unprivileged user of the host', async () => {
    const mark = user === 'root' ? '77.25' : '78.25';
    const running = shell(`exec sleep ${mark}`, { user, timeout: 1 });
    let status = '';
    while (status === '') {
      await delay(20);
      const pid = readdirSync('/proc').find((name) => /^\d+$/.test(name) && commandLine(name) === `sleep\0${mark}\0`);
      if (pid !== undefined) status = readFileSync(`/proc/${pid}/status`, 'utf8');
    }
    const id = String(shiftedOwner + (user === 'root' ? 0 : BUILDER));
    expect(status).toMatch(new RegExp(`^Uid:\\t${id}\\t${id}\\t${id}\\t${id}$`, 'm'));
    expect(status).toMatch(new RegExp(`^Gid:\\t${id}\\t${id}\\t${id}\\t${id}$`, 'm'));
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    if (user === 'builder') expect(status).toMatch(/^CapEff:\t0+$/m);
    await running;
  });

  it('sees no file of the host but its programs', async () => {
    const listing = await shell('ls -A /', { user });
    expect(listing.stdout.trim().split('\n').sort()).toEqual(
      ['bin', 'dev', 'etc', 'lib', 'lib64', 'proc', 'run', 'sbin', 'sys', 'tmp', 'usr', 'var'].filter((name) =>
        existsSync(`/${name}`),
      ),
    );
    const secrets = await shell('cat /etc/shadow /etc/gshadow /etc/ssh/* /etc/ssl/private/* /root/* /home/*', { user });
    expect(secrets.stdout).toBe('');
    const outside = await shell(`cat ${directory}/x; ls /proc/1/root/ /h /oldroot; ls -l /proc/[0-9]*/exe`, { user });
    expect(outside.stdout).not.toContain('host');
    expect(outside.stdout).not.toContain('node');
  });

  it('can write only to its own places', async () => {
    const script = `for d in / /usr /etc /usr/bin /bin /dev /var/lib/dpkg /proc/sys/kernel; do
      (: >$d/trunkline-test) 2>/dev/null && echo "$d"; done; (: >/tmp/x) && (: >/var/tmp/x) && (: >$HOME/x) && echo own`;
    const result = await shell(script, { user });
    expect(result.stdout).toBe('/dev\nown\n');
    expect(existsSync('/usr/trunkline-test')).toBe(false);
  });

  it('cannot gain rights: no mounts, namespaces, devices or kernel settings', async () => {
    const attempts = [
      'mount -t tmpfs none /tmp',
      'mount -o remount,rw /usr',
      'unshare --user true',
      'unshare --mount true',
      'mknod /tmp/disk b 254 0',
      'hostname other',
      'sysctl -w kernel.core_pattern=x',
      'dmesg',
      'nsenter --mount=/proc/1/ns/mnt mount -t tmpfs none /mnt',
      'chroot /usr /bin/mount -t tmpfs none /tmp',
    ];
    for (const attempt of attempts) {
      const result = await shell(`${attempt} >/dev/null 2>&1 && echo done`, { user });
      expect(result.stdout, attempt).toBe('');
    }
  });

  it('gets ENOSYS for what reaches beyond a jail, such as the keyrings of a user id, and nothing else', async () => {
    const script = [
      'import ctypes, os, platform',
      'libc = ctypes.CDLL(None, use_errno=True)',
      'numbers = {"x86_64": (250, 321, 323, 425), "aarch64": (219, 280, 282, 425)}[platform.machine()]',
      'for number in numbers:',
      '  print(libc.syscall(number, 0, 0, 0, 0, 0), ctypes.get_errno())',
      'print(libc.syscall(0x40000000 | 39), os.getpid() > 0)',
    ].join('\n');
    const result = await jail.run(['/usr/bin/python3', '-c', script], { root: 'tools', user, timeout: 20 });
    expect(result.stdout).toBe('-1 38\n'.repeat(4) + '-1 True\n');
    const open = await shell('ls /proc/self/fd | wc -w', { user });
    expect(Number(open.stdout)).toBeLessThanOrEqual(6);
  });

  it('reaches no network, not even the host’s loopback', async () => {
    const server = createServer((socket) => socket.end('from the host'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const script = `import socket\nprint(socket.create_connection(("127.0.0.1", ${String(port)}), 2).recv(99))`;
    const command = ['/usr/bin/python3', '-c', script] as const;
    try {
      const alone = await jail.run(command, { root: 'tools', user, timeout: 20 });
      expect(alone.exitCode).toBe(1);
      expect(alone.stderr).toContain('Connection refused');
      const connected = await jail.run(command, { root: 'tools', user, timeout: 20, network: true });
      expect(connected.stdout).toContain('from the host');
    } finally {
      server.close();
    }
    expect((await shell('cat /proc/net/dev | tail -n +3 | cut -d: -f1', { user })).stdout.trim()).toBe('lo');
  });

  it('owns a writable directory, and leaves its own ids in it', async () => {
    const work = join(directory, `work-${user}`);
    mkdirSync(join(work, 'sub'), { recursive: true });
    writeFileSync(join(work, 'sub/given'), 'given');
    const result = await shell(
      'cat /work/sub/given; echo more >>/work/sub/given; touch /work/new; stat -c %U /work /work/sub',
      {
        user,
        binds: [{ source: work, target: '/work', writable: true }],
      },
    );
    expect(result).toMatchObject({ exitCode: 0, stderr: '', stdout: `given${user}\n${user}\n` });
    expect(statSync(join(work, 'new')).uid).toBe(shiftedOwner + (user === 'root' ? 0 : BUILDER));
    const readOnly = await shell('touch /work/again', { user, binds: [{ source: work, target: '/work' }] });
    expect(readOnly.stderr).toContain('Read-only file system');
  });

  it('gets a file whose parents only root may enter', async () => {
    const secret = join(directory, `closed-${user}`);
    mkdirSync(secret);
    chmodSync(secret, 0o700);
    writeFileSync(join(secret, 'a file: with, odd \\ name'), 'open');
    const result = await shell('cat /in/file', {
      user,
      binds: [{ source: join(secret, 'a file: with, odd \\ name'), target: '/in/file' }],
    });
    expect(result.stdout).toBe('open');
  });
});

describe('what a jail may not choose', () => {
  it('is which of the host’s files the next run sees: a link that it made is refused as a source', async () => {
    const work = join(directory, 'planted');
    mkdirSync(work);
    await shell('ln -s /etc /work/sources', { binds: [{ source: work, target: '/work', writable: true }] });
    const binds = [{ source: join(work, 'sources'), target: '/s' }];
    await expect(shell('cat /s/shadow', { binds })).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(jail.addRoot([join(work, 'sources/ssl')])).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('is where bubblewrap mounts: a link planted in a root leads to nothing of the host', async () => {
    const root = await jail.addRoot([]);
    const victim = join(directory, 'victim');
    mkdirSync(victim);
    chmodSync(victim, 0o777);
    const plant = `mkdir /r/etc; for d in "${victim}" "/h/host${victim}" "/oldroot/h/host${victim}"; do n=$((n+1)); ln -s "$d" "/r/link$n"; done`;
    await shell(plant, { user: 'root', rootsInside: [{ root, target: '/r' }] });
    for (const name of ['link1', 'link2', 'link3'])
      await shell('true', {
        user: 'root',
        rootsInside: [{ root, target: '/r' }],
        binds: [{ source: directory, target: `/r/${name}/made` }],
      }).catch(() => undefined);
    expect(readdirSync(victim)).toEqual([]);
  });

  it('is a link of the host’s own administrator: that one is followed', async () => {
    mkdirSync(join(directory, 'real'));
    writeFileSync(join(directory, 'real/x'), 'x');
    symlinkSync(join(directory, 'real'), join(directory, 'alias'));
    const result = await shell('cat /s/x', { binds: [{ source: join(directory, 'alias'), target: '/s' }] });
    expect(result.stdout).toBe('x');
  });
});

describe('kill -9 of the process that runs jails', () => {
  it('leaves no process, no mount and no control group', async () => {
    const mark = `9${String(process.pid)}.75`;
    const child = spawn(process.execPath, [join(import.meta.dirname, 'killed-parent.ts'), mark], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    while (processesWith(mark).length < 2) await delay(20);
    const groups = groupsOf(child.pid);
    expect(groups.length).toBeGreaterThan(0);
    child.kill('SIGKILL');
    await once(child, 'exit');
    for (let waited = 0; waited < 100 && (processesWith(mark).length > 0 || groupsOf(child.pid).length > 0); waited++)
      await delay(50);
    expect(processesWith(mark)).toEqual([]);
    expect(groupsOf(child.pid)).toEqual([]);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain('trunkline');
  });

  it('is recovered from at the next start where even the holder was killed', async () => {
    const root = ['/sys/fs/cgroup/pids/trunkline', '/sys/fs/cgroup/trunkline'].find((path) => existsSync(path));
    const stale = join(root ?? '', 'test-stale.1.999.0');
    mkdirSync(join(stale, '0'), { recursive: true });
    const sleeper = spawn('/bin/sleep', ['1000']);
    writeFileSync(join(stale, '0/cgroup.procs'), String(sleeper.pid));
    const ended = once(sleeper, 'exit');
    expect(await recoverJails()).toContain('test-stale.1.999.0');
    expect((await ended)[1]).toBe('SIGKILL');
    expect(existsSync(stale)).toBe(false);
    expect((await shell('echo mine is left alone')).exitCode).toBe(0);
  });
});

it('finds nothing missing on this machine', async () => {
  expect(await jailReadiness()).toEqual([]);
});

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function processesWith(mark: string): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && commandLine(name).includes(`sleep\0${mark}`));
}

function groupsOf(pid: number | undefined): string[] {
  return ['pids/', 'memory/', ''].flatMap((kind) => {
    const path = `/sys/fs/cgroup/${kind}trunkline`;
    return existsSync(path) ? readdirSync(path).filter((name) => name.split('.')[1] === String(pid)) : [];
  });
}
