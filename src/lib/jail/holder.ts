import { closeSync, constants, openSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { TrunklineError } from '../errors.ts';
import { HOLDER } from './holder-program.ts';
import { closeNamespace, openNamespace, type Keeper, type NamespaceFile } from './keeper.ts';
import { startLineServer } from './line-server.ts';
import { callNumbers } from './system-calls.ts';

/** The process that owns the mounts of one jail. */
export interface Holder {
  mountSpace: NamespaceFile;
  /** The directory /jail of its namespace, as a path for this process. */
  directory: string;
  /** Asks for a mount; see the script. @throws TrunklineError `sandbox_failed` with its words. */
  ask(request: string): Promise<void>;
  /** Ends it; its mounts go with it. */
  close(): Promise<void>;
}

/** Started ahead of the next jail, which then need not wait for it (10 ms). */
let spare: { keeper: Keeper; holder: Promise<StartedHolder> } | undefined;

/** `alive`: until its process has ended. */
interface StartedHolder extends Holder {
  readonly alive: boolean;
}

/**
 * The holder of a new jail with `disk` bytes to write. `groups`: its control groups, the one with the runs first.
 * @throws TrunklineError `sandbox_failed`
 */
export async function startHolder(shared: Keeper, disk: number, groups: readonly string[]): Promise<Holder> {
  const holder = (await takeSpare(shared)) ?? (await launch(shared));
  try {
    for (const [number, group] of groups.entries())
      await symlink(`/h/host${group}`, join(holder.directory, 'groups', String(number)));
    await holder.ask(`begin ${String(disk)}`);
  } catch (error) {
    await holder.close();
    throw error;
  }
  spare ??= { keeper: shared, holder: launch(shared) };
  // Whoever takes it finds out.
  spare.holder.catch(() => undefined);
  return holder;
}

async function takeSpare(shared: Keeper): Promise<StartedHolder | undefined> {
  const taken = spare;
  spare = undefined;
  const holder = await taken?.holder.catch(() => undefined);
  if (holder === undefined) return undefined;
  if (taken?.keeper === shared && holder.alive) return holder;
  await holder.close();
  return undefined;
}

async function launch(shared: Keeper): Promise<StartedHolder> {
  const server = await startLineServer(['/usr/bin/perl', '-e', HOLDER, callNumbers(), shared.mountSpace.path], 'ok');
  const mountSpace = openNamespace(`/proc/${String(server.pid)}/ns/mnt`);
  const fd = openSync(`/proc/${String(server.pid)}/root/jail`, constants.O_RDONLY | constants.O_DIRECTORY);
  const end = async () => {
    await server.kill();
    closeSync(fd);
    closeNamespace(mountSpace);
  };
  let closed: Promise<void> | undefined;
  return {
    mountSpace,
    directory: `/proc/self/fd/${String(fd)}`,
    get alive() {
      return server.alive;
    },
    ask: async (request) => {
      const answer = await server.ask(request);
      if (answer !== 'ok') throw new TrunklineError('sandbox_failed', `The jail cannot ${request}: ${answer}`);
    },
    close: () => (closed ??= end()),
  };
}
