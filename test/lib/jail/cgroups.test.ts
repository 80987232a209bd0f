import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createJailGroup, findCgroups, killGroup } from '../../../src/lib/jail/cgroups.ts';

describe('control groups', () => {
  it('have a jail’s limits', async () => {
    const roots = await findCgroups();
    // With our start time, or another test's recovery would take it for one that was left behind.
    const start = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ')[19] ?? '';
    const name = `test-group.${String(process.pid)}.${start}.g`;
    const group = await createJailGroup(roots, name, {
      memory: 64 * 1024 * 1024,
      processes: 7,
      disk: 1,
    });
    const run = await group.addRun(0);
    try {
      expect(readFileSync(join(group.directories[0] ?? '', 'pids.max'), 'utf8')).toBe('7\n');
      const limit = roots.version === 2 ? 'memory.max' : 'memory.limit_in_bytes';
      expect(readFileSync(join(group.directories.at(-1) ?? '', limit), 'utf8')).toBe('67108864\n');
      expect(await group.memoryKills()).toBe(0);
    } finally {
      await run.remove();
      await group.remove();
    }
    for (const directory of group.directories) expect(existsSync(directory)).toBe(false);
  });

  // A unified hierarchy is mounted beside the older ones on many machines, without controllers but with cgroup.kill.
  const unified = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find((path) =>
    existsSync(join(path, 'cgroup.controllers')),
  );
  it.skipIf(unified === undefined)('of the unified hierarchy are ended by the kernel', async () => {
    const directory = join(unified ?? '', `trunkline-test-${String(process.pid)}`);
    mkdirSync(directory);
    const sleepers = [spawn('/bin/sleep', ['1000']), spawn('/bin/sleep', ['1000'])];
    const ended = Promise.all(sleepers.map((sleeper) => once(sleeper, 'exit')));
    for (const sleeper of sleepers) writeFileSync(join(directory, 'cgroup.procs'), String(sleeper.pid));
    await killGroup(directory);
    expect((await ended).map(([, signal]) => signal as unknown)).toEqual(['SIGKILL', 'SIGKILL']);
    rmdirSync(directory);
  });
});
