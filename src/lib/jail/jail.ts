import { onAbort } from '../aborts.ts';
import { TrunklineError } from '../errors.ts';
import { bubblewrapArguments, TOOLS, type InsideMount } from './arguments.ts';
import type { JailGroup } from './cgroups.ts';
import { copyFilesOut } from './copy-out.ts';
import type { Holder } from './holder.ts';
import type { Keeper } from './keeper.ts';
import { createMounts, rootPath, type Mounts } from './mounts.ts';
import { networkFiles } from './network.ts';
import { createPipePool } from './output.ts';
import { BUILDER, shiftedOwner } from './owner.ts';
import { runInSpace, type RunSpace } from './run.ts';
import { saveUpperOf } from './save-upper.ts';
import type { Jail, JailOptions, JailRoot, JailRun } from './types.ts';

interface Parts {
  keeper: Keeper;
  group: JailGroup;
  holder: Holder;
}

interface State extends RunSpace {
  label: string;
  disk: number;
  mounts: Mounts;
  roots: Map<JailRoot, number>;
  /** What is going on in the jail. */
  busy: Set<Promise<unknown>>;
  runs: number;
}

/** The jail made of a holder and control groups that have been started for it. */
export function createJail(options: JailOptions, parts: Parts): Jail {
  const ending = new AbortController();
  const state: State = {
    ...parts,
    label: options.label,
    disk: options.limits.disk,
    mounts: createMounts(parts.holder),
    pipes: createPipePool(parts.holder),
    ending: ending.signal,
    roots: new Map(),
    busy: new Set(),
    runs: 0,
  };
  // Not there yet when the signal came while the jail was being opened.
  let forget = (): void => undefined;
  const end = async () => {
    ending.abort();
    forget();
    await Promise.allSettled(state.busy);
    await state.holder.close();
    await state.group.remove();
  };
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= end());
  forget = onAbort(options.signal, () => {
    close().catch(() => undefined);
  });
  return { ...operations(state), close, [Symbol.asyncDispose]: close };
}

function operations(state: State): Omit<Jail, 'close' | typeof Symbol.asyncDispose> {
  return {
    addRoot: (lowers) => inside(state, async () => keepRoot(state, await state.mounts.overlay(lowers))),
    addTree: (directory) => inside(state, async () => keepRoot(state, await state.mounts.tree(directory))),
    addHostRoot: () => inside(state, async () => keepRoot(state, await state.mounts.host())),
    saveUpper: (root, directory) => {
      const quiet = state.busy.size === 0;
      return inside(state, async () => {
        if (!quiet)
          throw new TrunklineError('sandbox_failed', 'A root cannot be saved while something else goes on in its jail');
        await saveUpperOf(state.holder, numberOf(state, root), directory, state.ending);
      });
    },
    copyOut: (root, path, directory, maxBytes) =>
      inside(state, async () =>
        copyFilesOut(`${state.holder.directory}${below(numberOf(state, root))}`, path, directory, maxBytes),
      ),
    run: (command, options) =>
      inside(state, async () => {
        const args = await layOut(state, command, options);
        return runInSpace(state, state.runs++, args, options);
      }),
  };
}

/** Path of a root's mount below /jail. */
function below(number: number): string {
  return rootPath(number).slice('/jail'.length);
}

async function inside<T>(state: State, work: () => Promise<T>): Promise<T> {
  if (state.ending.aborted) throw new TrunklineError('sandbox_failed', `The jail ${state.label} is closed`);
  const going = work();
  state.busy.add(going);
  try {
    return await going;
  } finally {
    state.busy.delete(going);
  }
}

function keepRoot(state: State, number: number): JailRoot {
  const root = { id: String(number) };
  state.roots.set(root, number);
  return root;
}

function numberOf(state: State, root: JailRoot): number {
  const found = state.roots.get(root);
  if (found === undefined)
    throw new TrunklineError('invalid_argument', `The jail ${state.label} has no root ${root.id}`);
  return found;
}

async function layOut(state: State, command: readonly string[], options: JailRun): Promise<string[]> {
  const owner = shiftedOwner + (options.user === 'root' ? 0 : BUILDER);
  const root = options.root === 'tools' ? 'tools' : numberOf(state, options.root);
  const binds: InsideMount[] = await Promise.all(
    (options.binds ?? []).map(async ({ source, target, writable = false }) => ({
      source: await state.mounts.bind(source, writable ? owner : undefined),
      ...{ target, writable },
    })),
  );
  if (options.network === true) binds.push(...(await networkFiles(state.holder, root)));
  return bubblewrapArguments(command, options, {
    root: root === 'tools' ? TOOLS : rootPath(root),
    rootsInside: (options.rootsInside ?? []).map((inner) => ({
      source: rootPath(numberOf(state, inner.root)),
      target: inner.target,
    })),
    binds,
    filter: state.keeper.filter !== undefined,
    disk: state.disk,
  });
}
