import { closeSync, constants, openSync } from 'node:fs';
import { TrunklineError } from '../errors.ts';
import { closeNamespace, openNamespace, type Keeper, type NamespaceFile } from './keeper.ts';
import { startLineServer } from './line-server.ts';
import { HOLDER, MAP_OWNERS } from './scripts.ts';

/** The process that owns the mounts of one jail. */
export interface Holder {
  mountSpace: NamespaceFile;
  /** The directory /jail of its namespace, as a path for this process. */
  directory: string;
  /** Asks for a mount; see the script. @throws TrunklineError `sandbox_failed` with mount's words. */
  ask(request: string): Promise<void>;
  /** Ends it; its mounts go with it. */
  close(): Promise<void>;
}

/**
 * Starts the holder of a jail with `disk` bytes to write. `groups`: its control groups, the one with the runs first.
 * @throws TrunklineError `sandbox_failed`
 */
export async function startHolder(shared: Keeper, disk: number, groups: readonly string[]): Promise<Holder> {
  const server = await startLineServer(
    [
      '/usr/bin/nsenter',
      `--mount=${shared.mountSpace.path}`,
      '/usr/bin/unshare',
      '--mount',
      '--propagation=slave',
      '/bin/sh',
      '-c',
      HOLDER,
      'trunkline-jail',
      String(disk),
      MAP_OWNERS,
      ...groups,
    ],
    'ok',
  );
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
    ask: async (request) => {
      const answer = await server.ask(request);
      if (answer !== 'ok') throw new TrunklineError('sandbox_failed', `The jail cannot ${request}: ${answer}`);
    },
    close: () => (closed ??= end()),
  };
}
