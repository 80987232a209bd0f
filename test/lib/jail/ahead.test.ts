import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openJail, type Jail, type JailRun } from '../../../src/lib/jail/index.ts';

const limits = { memory: 128 * 1024 * 1024, processes: 50, disk: 1024 * 1024 };
let jail: Jail;
beforeAll(async () => {
  jail = await openJail({ label: 'test-ahead', limits });
});
afterAll(() => jail.close());

/** A run that waits for its input; what it does before is done when `files` of /tmp say so. */
function ahead(script: string, settings: Partial<JailRun> = {}) {
  const input = Promise.withResolvers<Uint8Array>();
  const result = jail.run(['/bin/sh', '-c', script], {
    ...{ root: 'tools', user: 'builder', timeout: 10, input: input.promise },
    ...settings,
  });
  return { ...input, result };
}

describe('a run that is started before its input is there', () => {
  it('gets the bytes when they are there, and its time runs from then on', async () => {
    const run = ahead('date +%s%N; cat; echo; date +%s%N', { timeout: 2 });
    await delay(2500);
    const fed = Date.now();
    run.resolve(Buffer.from('later'));
    const result = await run.result;
    expect(result).toMatchObject({ exitCode: 0, stop: null });
    const [started, text, ended] = result.stdout.trim().split('\n');
    expect(text).toBe('later');
    expect(Number(started) / 1e6).toBeLessThan(fed - 500);
    expect(Number(ended) / 1e6).toBeGreaterThanOrEqual(fed - 1);
    expect(result.seconds).toBeLessThan(2);
  });

  it('is ended by its time limit afterwards', async () => {
    const run = ahead('cat; sleep 60', { timeout: 0.5 });
    run.resolve(Buffer.from('x'));
    expect(await run.result).toMatchObject({ stop: 'time', stdout: 'x' });
  });

  it('is ended when no input comes', async () => {
    const run = ahead('cat; echo never');
    await delay(100);
    run.reject(new Error('none'));
    expect(await run.result).toMatchObject({ stop: 'aborted', stdout: '' });
  });

  it('may end without waiting for it', async () => {
    const run = ahead('echo done; exit 3');
    expect(await run.result).toMatchObject({ exitCode: 3, stop: null, stdout: 'done\n' });
  });

  it('ends with its jail', async () => {
    const other = await openJail({ label: 'test-ahead', limits });
    const result = other.run(['/bin/cat'], {
      ...{ root: 'tools', user: 'builder', timeout: 10, input: new Promise<Uint8Array>(() => undefined) },
    });
    await delay(100);
    await other.close();
    expect(await result).toMatchObject({ stop: 'aborted' });
  });

  it('keeps output byte for byte where it is asked to', async () => {
    const run = ahead('cat', { encoding: 'latin1' });
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
    run.resolve(bytes);
    expect(Buffer.from((await run.result).stdout, 'latin1')).toEqual(bytes);
  });

  it.each(['end', 'kill'])('neither keeps its process alive nor outlives it (%s)', async (how) => {
    const mark = `8${String(process.pid)}.${how === 'end' ? '25' : '75'}`;
    const child = spawn(process.execPath, [join(import.meta.dirname, 'waiting-parent.ts'), mark, how], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    if (how === 'kill') {
      expect(groupsOf(child.pid).length).toBeGreaterThan(0);
      child.kill('SIGKILL');
    }
    const [code] = (await Promise.race([once(child, 'exit'), delay(5000, ['still there'])])) as [unknown];
    expect(code).toBe(how === 'kill' ? null : 0);
    for (let waited = 0; waited < 100 && groupsOf(child.pid).length > 0; waited++) await delay(50);
    expect(groupsOf(child.pid)).toEqual([]);
  });
});

/** Control groups of jails that the process `pid` has opened. */
function groupsOf(pid: number | undefined): string[] {
  const roots = ['/sys/fs/cgroup/pids/trunkline', '/sys/fs/cgroup/memory/trunkline', '/sys/fs/cgroup/trunkline'];
  return roots
    .filter((root) => existsSync(root))
    .flatMap((root) => readdirSync(root))
    .filter((name) => name.split('.')[1] === String(pid));
}
