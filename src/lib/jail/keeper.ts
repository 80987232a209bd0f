import { closeSync, constants, openSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TrunklineError } from '../errors.ts';
import { KEEPER } from './keeper-program.ts';
import { startLineServer, type LineServer } from './line-server.ts';
import { BUILDER, shiftedOwner } from './owner.ts';
import { seccompFilter } from './seccomp.ts';
import { callNumbers } from './system-calls.ts';
import { STATE_DIRECTORY, toolsEtc } from './tools-etc.ts';

/** What all jails of this process share; see the script. Paths are open files of this process: they stay right whatever becomes of the keeper. */
export interface Keeper {
  server: LineServer;
  mountSpace: NamespaceFile;
  /** A file with the filter of system calls, where there is one for this architecture. */
  filter: string | undefined;
  /** For runs as `root`, and as `builder` with its second one. */
  users: { root: NamespaceFile; builder: NamespaceFile; builderInner: NamespaceFile };
}

/** A namespace kept open by this process. */
export interface NamespaceFile {
  fd: number;
  /** For a child of ours, while we live. */
  path: string;
}

let current: Promise<Keeper> | undefined;

/**
 * The keeper of this process, started when there is none (about 40 ms). Jails that are open keep what they need of one that has died.
 * @throws TrunklineError `missing_tool` or `sandbox_failed`.
 */
export async function keeper(): Promise<Keeper> {
  const asked = current;
  const found = await asked?.catch(() => undefined);
  if (found?.server.alive) return found;
  if (current === asked || current === undefined) current = startKeeper();
  return current;
}

async function startKeeper(): Promise<Keeper> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    throw new TrunklineError('missing_tool', 'The sandbox needs Linux and root: it mounts overlays and maps users', {
      hint: 'run trunkline as root (nothing that it builds will be)',
    });
  const etc = await toolsEtc();
  const mountPoint = join(STATE_DIRECTORY, 'jail');
  await mkdir(mountPoint, { recursive: true, mode: 0o755 });
  const server = await startLineServer(
    ['/usr/bin/perl', '-e', KEEPER, callNumbers(), mountPoint, String(shiftedOwner), etc, String(BUILDER)],
    'ready',
  );
  const root = `/proc/${String(server.pid)}/root`;
  const tree = openNamespace(root);
  return {
    server,
    filter: await writeFilter(`/proc/self/fd/${String(tree.fd)}/filter`),
    mountSpace: openNamespace(`/proc/${String(server.pid)}/ns/mnt`),
    users: {
      root: openNamespace(`${root}/u`),
      builder: openNamespace(`${root}/v`),
      builderInner: openNamespace(`${root}/w`),
    },
  };
}

async function writeFilter(path: string): Promise<string | undefined> {
  const filter = seccompFilter();
  if (filter === undefined) return undefined;
  await writeFile(path, filter);
  return path;
}

export function openNamespace(path: string): NamespaceFile {
  const fd = openSync(path, constants.O_RDONLY);
  return { fd, path: `/proc/${String(process.pid)}/fd/${String(fd)}` };
}

export function closeNamespace(file: NamespaceFile): void {
  closeSync(file.fd);
}
