import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The processes started in it and all that come of them, whoever waits for them in the end: bubblewrap ends before its own child does. */
export interface ProcessorMeter {
  /** To be started with this shell command line before it: joins the meter. */
  launcher: readonly string[];
  /** Seconds of processor time, user and system; null where this machine has no cpuacct controller to ask (cgroup v1). */
  seconds(): Promise<number | null>;
  close(): Promise<void>;
}

const CPUACCT = '/sys/fs/cgroup/cpuacct';
let opened = 0;

export async function openMeter(): Promise<ProcessorMeter> {
  const group = join(CPUACCT, `trunkline-bench-${process.pid}-${opened++}`);
  const there = await mkdir(group).then(
    () => true,
    () => false,
  );
  if (!there) return { launcher: [], seconds: () => Promise.resolve(null), close: () => Promise.resolve() };
  return {
    launcher: ['/bin/sh', '-c', 'echo 0 >"$0" && exec "$@"', join(group, 'cgroup.procs')],
    seconds: async () => Number(await readFile(join(group, 'cpuacct.usage'), 'utf8')) / 1e9,
    close: async () => {
      // Whoever still lives goes back to where it would have been.
      for (const pid of (await readFile(join(group, 'cgroup.procs'), 'utf8')).split('\n').filter(Boolean))
        await writeFile(join(CPUACCT, 'cgroup.procs'), pid).catch(() => undefined);
      await rmdir(group);
    },
  };
}
