import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { lastLines, TrunklineError } from '../../lib/index.ts';
import type { Jail, JailOptions, JailResult, JailRoot } from '../../lib/jail/index.ts';
import type { Limits } from '../../model/index.ts';
import { inTemporary, writeTree, type TreeRequest } from './tarball.ts';

/** How a jail is got; `openJail` of lib/jail in production. */
export type OpenJail = (options: JailOptions) => Promise<Jail>;

/** Where a project's own programs run. */
export interface TreeJail {
  openJail: OpenJail;
  limits: Limits;
  /** Prepared roots to run on, top first; this machine's own programs when not given. */
  lowers?: readonly string[];
  /** An existing directory for files that go in and come out. */
  scratch: string;
  signal?: AbortSignal;
}

/** An upstream tree unpacked in a jail: `/work/tree/<top>`, writable, beside the empty directories `/work/out` and `/work/product`. */
export interface JailedTree {
  /** Runs a program at the top of the tree as an unprivileged user without network. */
  run(
    command: readonly [string, ...string[]],
    options?: { cwd?: string; env?: Record<string, string> },
  ): Promise<JailResult>;
  /** Copies `/work/<path>`, a regular file, out to `directory`. */
  copyOut(path: string, directory: string, maxBytes: number): Promise<string[]>;
}

const SET_UP = 'set -e; cd /work; mkdir -m 0755 tree out product; chown 1000:1000 tree out product';
const UNPACK = 'set -e; cd /work/tree; exec tar --extract --file=/in/tree.tar --no-same-owner --no-same-permissions';

/** Unpacks the whole tree of a commit in a jail and does `work` with it; the jail is gone afterwards. @throws TrunklineError as `makeTarball`. */
export async function withJailedTree<T>(
  tree: TreeRequest,
  settings: TreeJail,
  work: (jailed: JailedTree) => Promise<T>,
): Promise<T> {
  const { openJail, limits, scratch, signal } = settings;
  return inTemporary(scratch, async (directory) => {
    const tar = join(directory, 'tree.tar');
    await writeTree({ ...tree, whole: true }, tar);
    await chmod(tar, 0o644);
    await using jail = await openJail({
      label: `source-${tree.commit.slice(0, 12)}`,
      limits: { memory: limits.memory, processes: limits.processes, disk: limits.disk },
      ...(signal === undefined ? {} : { signal }),
    });
    const inside = await setUp(jail, tar, settings);
    return await work({
      run: (command, { cwd = `/work/tree/${tree.topDirectory}`, env = {} } = {}) =>
        inside(command, 'builder', cwd, env),
      copyOut: (path, target, maxBytes) => jail.copyOut(inside.work, path, target, maxBytes),
    });
  });
}

type RunInside = ((
  command: readonly [string, ...string[]],
  user: 'root' | 'builder',
  cwd: string,
  env: Record<string, string>,
) => Promise<JailResult>) & { work: JailRoot };

async function setUp(jail: Jail, tar: string, { limits, lowers, signal }: TreeJail): Promise<RunInside> {
  const work = await jail.addRoot([]);
  const root = lowers === undefined ? ('tools' as const) : await jail.addRoot(lowers);
  const started = performance.now();
  const inside = async (
    command: readonly [string, ...string[]],
    user: 'root' | 'builder',
    cwd: string,
    env: Record<string, string>,
  ) =>
    jail.run(command, {
      root,
      rootsInside: [{ root: work, target: '/work' }],
      binds: [{ source: tar, target: '/in/tree.tar' }],
      user,
      cwd,
      env,
      maxOutput: limits.output,
      timeout: Math.max(1, limits.time - (performance.now() - started) / 1000),
      ...(signal === undefined ? {} : { signal }),
    });
  requireSuccess(await inside(['/bin/sh', '-c', SET_UP], 'root', '/', {}), 'The sandbox cannot be set up');
  requireSuccess(await inside(['/bin/sh', '-c', UNPACK], 'builder', '/', {}), 'The upstream tree cannot be unpacked');
  return Object.assign(inside, { work });
}

/** @throws TrunklineError `source_invalid` with the end of what the program said, `missing_tool` for a program that is not there. */
export function requireSuccess(result: JailResult, what: string): JailResult {
  if (result.stop === null && result.exitCode === 0) return result;
  const end = lastLines(result.stderr.trim() === '' ? result.stdout : result.stderr, 5);
  const why = STOPS[result.stop ?? 'none'] ?? `exit code ${result.exitCode}`;
  throw new TrunklineError('source_invalid', `${what}: ${why}${end === '' ? '' : `: ${end}`}`, {
    hint:
      result.exitCode === 127
        ? 'install the program on this machine, or name another one in the configuration'
        : 'run it at the top of a fresh checkout to see the same; it has no network and no .git here',
  });
}

const STOPS: Readonly<Record<string, string>> = {
  time: 'it took longer than limits.time',
  output: 'it printed more than limits.output',
  memory: 'it used more than limits.memory',
  aborted: 'it was ended',
};
