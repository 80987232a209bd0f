import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openJail, shiftedOwner, type Jail } from '../../../src/lib/jail/index.ts';

const MEGABYTE = 1024 * 1024;
const limits = { memory: 128 * MEGABYTE, processes: 60, disk: 32 * MEGABYTE };

/** Processes on this machine whose first user id is one of a jail's and whose command line has `mark` in it. */
function survivors(mark: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const uid = Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
        return uid >= shiftedOwner && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(mark);
      } catch {
        return false;
      }
    });
}

describe('the limits of a jail', () => {
  let jail: Jail;
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'trunkline-limits-'));
  });
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  beforeEach(async () => {
    jail = await openJail({ label: 'test-limits', limits });
  });
  afterEach(() => jail.close());

  it.each(['root', 'builder'] as const)('ends a fork bomb of %s with its time', async (user) => {
    const bomb = ':() { : | : & : | : & }; while true; do : ; done 2>/dev/null # fork-bomb-test';
    const result = await jail.run(['/bin/bash', '-c', bomb], { root: 'tools', user, timeout: 1.5, maxOutput: 1e9 });
    expect(result.stop).toBe('time');
    expect(result.seconds).toBeLessThan(6);
    expect(survivors('fork-bomb-test')).toEqual([]);
    const next = await jail.run(['/bin/echo', 'fine'], { root: 'tools', user, timeout: 10 });
    expect(next).toMatchObject({ exitCode: 0, stdout: 'fine\n', stop: null });
  });

  it('refuses more processes than allowed', async () => {
    const script = [
      'import os, signal',
      'n = 0',
      'try:',
      '  while True:',
      '    if os.fork() == 0: signal.pause()',
      '    n += 1',
      'except OSError as error: print(n, error.strerror)',
    ].join('\n');
    const result = await jail.run(['/usr/bin/python3', '-c', script], { root: 'tools', user: 'builder', timeout: 20 });
    expect(result.stdout).toMatch(/^\d+ Resource temporarily unavailable/);
    expect(Number.parseInt(result.stdout, 10)).toBeLessThan(limits.processes);
  });

  it('ends a program that prints without end, and keeps only what is allowed', async () => {
    const result = await jail.run(['/usr/bin/yes'], {
      root: 'tools',
      user: 'builder',
      timeout: 30,
      maxOutput: 100_000,
    });
    expect(result.stop).toBe('output');
    expect(result.stdout).toHaveLength(100_000);
    const logFile = join(directory, 'yes.log');
    const logged = await jail.run(['/usr/bin/yes'], {
      root: 'tools',
      user: 'builder',
      timeout: 30,
      maxOutput: 100_000,
      logFile,
    });
    expect(logged.stop).toBe('output');
    expect(statSync(logFile).size).toBe(100_000);
  });

  it('ends a program that never ends', async () => {
    const result = await jail.run(['/bin/sleep', '1000'], { root: 'tools', user: 'builder', timeout: 0.3 });
    expect(result.stop).toBe('time');
    expect(result.seconds).toBeLessThan(3);
  });

  it('ends what takes more memory than allowed and says so', async () => {
    const script = 'x = []\nwhile True: x.append(bytearray(b"x" * 1048576))';
    const result = await jail.run(['/usr/bin/python3', '-c', script], { root: 'tools', user: 'builder', timeout: 30 });
    expect(result.stop).toBe('memory');
    expect(result.exitCode).not.toBe(0);
  });

  it('ends a program that fills /dev/shm, where no size but memory bounds it', async () => {
    const result = await jail.run(['/bin/dd', 'if=/dev/zero', 'of=/dev/shm/x', 'bs=1M'], {
      root: 'tools',
      user: 'root',
      timeout: 30,
    });
    expect(result.stop).toBe('memory');
  });

  it.each(['/tmp/big', '/var/tmp/big', '/inside/big'])(
    'lets a program fill no more than its disk at %s',
    async (path) => {
      const root = await jail.addRoot([]);
      const result = await jail.run(['/bin/dd', 'if=/dev/zero', `of=${path}`, 'bs=1M'], {
        root: 'tools',
        rootsInside: [{ root, target: '/inside' }],
        user: 'root',
        timeout: 30,
      });
      expect(result).toMatchObject({ exitCode: 1, stop: null });
      expect(result.stderr).toContain('No space left on device');
      const next = await jail.run(['/bin/echo', 'fine'], { root: 'tools', user: 'root', timeout: 10, input: 'x' });
      expect(next.stdout).toBe('fine\n');
    },
  );

  it('ends a run when its caller aborts it, children in sessions of their own too', async () => {
    const controller = new AbortController();
    const script = 'setsid sleep 1000.5 & setsid setsid -f sleep 1000.5; echo started; wait';
    setTimeout(() => {
      controller.abort();
    }, 400);
    const result = await jail.run(['/bin/sh', '-c', script], {
      root: 'tools',
      user: 'builder',
      timeout: 30,
      signal: controller.signal,
    });
    expect(result).toMatchObject({ stop: 'aborted', stdout: 'started\n' });
    expect(survivors('1000.5')).toEqual([]);
  });

  it('leaves no child behind when a program ends by itself', async () => {
    const result = await jail.run(['/bin/sh', '-c', 'setsid -f sleep 1001.5; echo done'], {
      root: 'tools',
      user: 'root',
      timeout: 30,
    });
    expect(result).toMatchObject({ exitCode: 0, stop: null, stdout: 'done\n' });
    expect(result.seconds).toBeLessThan(5);
    expect(survivors('1001.5')).toEqual([]);
  });

  it('is ended, with its control groups, by the signal it was opened with', async () => {
    const controller = new AbortController();
    const aborted = await openJail({ label: 'test-aborted', limits, signal: controller.signal });
    const running = aborted.run(['/bin/sleep', '1002.5'], { root: 'tools', user: 'builder', timeout: 30 });
    setTimeout(() => {
      controller.abort();
    }, 200);
    expect((await running).stop).toBe('aborted');
    await aborted.close();
    await expect(aborted.run(['/bin/true'], { root: 'tools', user: 'root', timeout: 5 })).rejects.toThrow(/closed/);
    expect(execFileSync('find', ['/sys/fs/cgroup', '-name', 'test-aborted.*'], { encoding: 'utf8' })).toBe('');
  });

  it('runs nothing when that signal comes while it is being opened', async () => {
    for (const milliseconds of [0, 1, 3, 10, 30]) {
      const controller = new AbortController();
      const opening = openJail({ label: 'test-aborted', limits, signal: controller.signal });
      const running = opening.then((opened) =>
        opened.run(['/bin/sleep', '60'], { root: 'tools', user: 'builder', timeout: 90 }),
      );
      const ended = running.then(({ stop }) => stop, String);
      await pause(milliseconds);
      controller.abort();
      expect(await ended).toMatch(/aborted|closed/);
      await (await opening.catch(() => undefined))?.close();
    }
    expect(execFileSync('find', ['/sys/fs/cgroup', '-name', 'test-aborted.*'], { encoding: 'utf8' })).toBe('');
  });

  it('reports the exit code, and the signal as a shell does', async () => {
    const run = (script: string) =>
      jail.run(['/bin/sh', '-c', script], { root: 'tools', user: 'builder', timeout: 10 });
    expect((await run('exit 7')).exitCode).toBe(7);
    expect((await run('kill -SEGV $$')).exitCode).toBe(139);
  });

  it('gives the program a chosen environment, its input, and its output in order', async () => {
    process.env.TRUNKLINE_TEST_SECRET = 'hunter2';
    const logFile = join(directory, 'order.log');
    const script = 'env | sort; cat; echo err >/dev/stderr; echo out >/dev/stdout; pwd; cat /dev/stdin';
    const settings = {
      root: 'tools',
      user: 'builder',
      timeout: 10,
      input: 'in\n',
      env: { A: 'b c' },
      cwd: '/usr',
    } as const;
    await jail.run(['/bin/sh', '-c', script], { ...settings, logFile });
    delete process.env.TRUNKLINE_TEST_SECRET;
    const log = readFileSync(logFile, 'utf8');
    expect(log).toBe(
      'A=b c\nHOME=/tmp/home\nLANG=C.UTF-8\nLC_ALL=C.UTF-8\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\nPWD=/usr\nTZ=UTC\nin\nerr\nout\n/usr\nin\n',
    );
  });

  it('says that a program does not exist', async () => {
    const result = await jail.run(['/no/such/program'], { root: 'tools', user: 'builder', timeout: 10 });
    expect(result).toMatchObject({ exitCode: 127, stop: null });
    expect(result.stderr).toContain('No such file');
  });
});

it('leaves nothing of the host changed by a jail', () => {
  expect(existsSync('/inside')).toBe(false);
});
