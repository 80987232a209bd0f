import { chown, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lastLines, TrunklineError } from '../../../lib/index.ts';
import { BUILDER, openJail, shiftedOwner, type Jail, type JailRoot } from '../../../lib/jail/index.ts';
import type { PreparePhase, Target } from '../../../model/index.ts';
import { addBuilder } from './add-builder.ts';
import { missingPaths } from './base-repositories.ts';
import { failureOf } from './outcome.ts';
import { fillDebRoots } from './prepare-deb.ts';
import { fillRpmRoots } from './prepare-rpm.ts';
import type { PreparedRoot, RootStore } from './root-store.ts';

/** Preparing works with the base repositories' own packages only; these are against accidents. */
const LIMITS = { memory: 4 * 1024 ** 3, processes: 2048, disk: 8 * 1024 ** 3 };
/** Seconds: a slow mirror is no reason to give up. */
const TIME = 3600;

/** One root that is being filled. */
export interface Filling {
  jail: Jail;
  target: Target;
  /** Where it is made. */
  root: JailRoot;
  packages: readonly string[];
  cache: JailRoot;
  timeout: number;
  log: string;
}

/** Makes a target's roots. @throws TrunklineError `target_not_ready` with the package manager's words. */
export async function prepareRoots(
  store: RootStore,
  target: Target,
  options: { report: PreparePhase; signal: AbortSignal },
): Promise<void> {
  const missing = await missingPaths(target);
  if (missing.length > 0)
    throw new TrunklineError(
      'target_not_ready',
      `A base repository of ${target.name} is not there: ${missing.join(', ')}`,
      {
        ...(missing[0] === undefined ? {} : { where: missing[0] }),
        hint: 'correct the addresses in baseRepositories of the target, or put the repository there',
      },
    );
  await store.replace(target, (root) => fill(root, target, options));
}

/** What the package managers said is kept beside the roots, in `prepare.log`. */
async function fill(
  root: PreparedRoot,
  target: Target,
  options: { report: PreparePhase; signal: AbortSignal },
): Promise<void> {
  const log = join(root.directory, 'prepare.log');
  const label = `prepare-${target.name}`.replaceAll(/[^A-Za-z0-9-]/g, '-').slice(0, 80);
  await makeWorkDirectory(root.work);
  const jail = await openJail({ label, limits: LIMITS, signal: options.signal });
  try {
    const cache = await jail.addTree(root.cache);
    const common = { jail, target, cache, timeout: TIME, log };
    const build = { ...common, root: await jail.addTree(root.build), packages: target.buildPackages };
    const clean = { ...common, root: await jail.addTree(root.clean), packages: target.installPackages };
    const fillRoots = target.format === 'rpm' ? fillRpmRoots : fillDebRoots;
    await fillRoots({ build: target.root === 'host' ? null : build, clean }, options.report);
    if (target.root !== 'host') await addBuilder(jail, build.root);
  } catch (error) {
    options.signal.throwIfAborted();
    throw await explain(error, target, log);
  } finally {
    await jail.close();
  }
}

/** The builder's own directory, in which every build works. */
async function makeWorkDirectory(work: string): Promise<void> {
  await mkdir(join(work, 'build'));
  await chown(work, shiftedOwner, shiftedOwner);
  await chown(join(work, 'build'), shiftedOwner + BUILDER, shiftedOwner + BUILDER);
}

async function explain(error: unknown, target: Target, log: string): Promise<unknown> {
  if (error instanceof TrunklineError) return error;
  const { detail } = failureOf(error, target.limits);
  const words = lastLines(await readFile(log, 'utf8').catch(() => ''), 20);
  return new TrunklineError(
    'target_not_ready',
    `The roots of ${target.name} cannot be made: ${detail ?? ''}\n${words}`,
    {
      hint: 'correct baseRepositories, buildPackages or installPackages of the target, or try again when the repository answers',
      cause: error,
    },
  );
}
