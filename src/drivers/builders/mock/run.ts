import { chown, mkdir, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProcessError } from '../../../lib/index.ts';
import { exists } from '../generations.ts';
import { followLog } from '../log-follower.ts';
import { readTail } from '../tail.ts';
import type { MockLauncher } from './command.ts';
import type { MockLogs } from './outcome.ts';
import type { Slot } from './slots.ts';

/** Bytes read of the end of each log. */
const TAIL = 1024 * 1024;

export interface MockRun {
  slot: Slot;
  configuration: string;
  /** What mock is to do: `--rebuild …`. */
  action: readonly string[];
  signal: AbortSignal;
  /** mock's own messages are appended here. */
  messages: string;
}

/** Where mock leaves its logs and packages in a slot. */
export function resultDirectory(slot: Slot): string {
  return join(slot.directory, 'result');
}

/** Runs mock once in a slot, with an empty result directory that belongs to mock's account. Answers null when it was ended by the signal. */
export async function runMock(launcher: MockLauncher, request: MockRun): Promise<MockLogs | null> {
  const configuration = join(request.slot.directory, 'mock.cfg');
  await writeFile(configuration, request.configuration);
  // mock throws its root cache away when a configuration file is newer; ours is written anew for each run, and the cache has a fingerprint already.
  await utimes(configuration, 1, 1);
  const arguments_ = ['-r', configuration, '--resultdir', resultDirectory(request.slot), ...request.action];
  const messages = join(request.slot.directory, 'messages.log');
  await rm(messages, { force: true });
  const follower = followLog(messages, request.messages, Number.POSITIVE_INFINITY, () => undefined);
  const exitCode = await launcher
    .start(arguments_, { signal: request.signal, logFile: messages })
    .then(
      (result) => result.exitCode,
      (error: unknown) => {
        if (error instanceof ProcessError && request.signal.aborted) return null;
        throw error;
      },
    )
    .finally(() => follower.stop());
  if (exitCode === null) return null;
  const result = resultDirectory(request.slot);
  const [stateLog, rootLog, buildLog, said] = await Promise.all([
    readTail(join(result, 'state.log'), TAIL),
    readTail(join(result, 'root.log'), TAIL),
    readTail(join(result, 'build.log'), TAIL),
    readTail(messages, TAIL),
  ]);
  return { exitCode, stateLog, rootLog, buildLog, messages: said };
}

export async function emptyResultDirectory(slot: Slot, launcher: MockLauncher): Promise<void> {
  const directory = resultDirectory(slot);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory);
  await chown(directory, launcher.account.uid, launcher.account.gid);
}

/**
 * Removes what dnf keeps of snapshots other than the newest: each has an address, and with it a cache directory, of its own.
 */
export async function forgetSnapshots(slot: Slot): Promise<void> {
  for (const tool of ['dnf_cache', 'yum_cache']) {
    const directory = join(slot.cache, slot.rootName, tool);
    const names = (await readdir(directory).catch(() => [])).filter((name) => /^trunkline-[0-9a-f]+$/.test(name));
    const dated = await Promise.all(
      names.map(async (name) => ({ path: join(directory, name), time: (await stat(join(directory, name))).mtimeMs })),
    );
    for (const { path } of dated.sort((a, b) => b.time - a.time).slice(1))
      await rm(path, { recursive: true, force: true });
  }
}

/** Whether mock's overlayfs plugin believes that the root is still mounted: then no further run in the slot would work. */
export async function leftMounted(slot: Slot): Promise<boolean> {
  const state = join(slot.overlay, slot.rootName);
  const signs = ['.root-mounted', 'locks/snapshot.lock', 'locks/mount.lock'];
  return (await Promise.all(signs.map((sign) => exists(join(state, sign))))).includes(true);
}
