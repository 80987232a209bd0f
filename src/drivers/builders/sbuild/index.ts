import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TrunklineError } from '../../../lib/index.ts';
import { recoverJails } from '../../../lib/jail/index.ts';
import type { BuildOutcome, Builder, BuilderCapabilities, Target } from '../../../model/index.ts';
import { readPrepared, removeOldGenerations } from '../generations.ts';
import type { PrepareRequest } from './prepare.ts';

/**
 * How far sbuild can be trusted: the build and all scriptlets run in user, mount and process namespaces of its own, the build itself without network. But
 * sbuild reads what the build left (changes, control files) as the host's root, installs build requirements with the network, and there is no limit on
 * memory or processes. So it is for projects whose packaging is trusted; the source package is made, and the install check is run, in the jail.
 */
export const sbuildCapabilities: BuilderCapabilities = {
  name: 'sbuild',
  formats: ['deb'],
  isolation: 'chroot',
  untrusted: false,
};

/**
 * Builds with real sbuild in unshare mode (sbuild(1)) from a chroot tarball that `prepare` makes with mmdebstrap. Needs root, and a line for root in
 * /etc/subuid and /etc/subgid. `stateDirectory` is where builders keep their roots; `sbuild/` below it is ours.
 */
export function createSbuildBuilder(options: { stateDirectory: string }): Builder {
  const stateDirectory = join(options.stateDirectory, 'sbuild');
  const workDirectory = join(stateDirectory, 'work');
  const inUse = new Map<string, string>();
  const preparing = new Map<string, Promise<void>>();

  /** Calls `use` with the target's generation, which stays while it is used. */
  const withGeneration = async <T>(target: Target, use: (generation: string, id: string) => Promise<T>): Promise<T> => {
    const prepared = await readPrepared(stateDirectory, target);
    if (prepared === null)
      throw new TrunklineError('target_not_ready', `No chroot is prepared for ${target.name} as it is configured now`, {
        hint: `run: trunkline target prepare ${target.name}`,
      });
    const id = randomBytes(6).toString('hex');
    inUse.set(id, prepared.generation);
    try {
      return await use(prepared.generation, id);
    } finally {
      inUse.delete(id);
    }
  };
  const prepareOnce = async (request: PrepareRequest, refresh: boolean): Promise<void> => {
    if (!refresh && (await readPrepared(stateDirectory, request.target)) !== null) return;
    await (await import('./prepare.ts')).prepareGeneration(stateDirectory, request, inUse.values());
  };

  return {
    capabilities: sbuildCapabilities,
    version: async () => (await import('./check.ts')).askVersion(),
    check: async (target) => (await import('./check.ts')).checkMachine(stateDirectory, target),
    prepare: async (target, { refresh, report, signal }) => {
      const before = preparing.get(target.name) ?? Promise.resolve();
      const work = before.then(() => prepareOnce({ target, report, signal }, refresh));
      preparing.set(
        target.name,
        work.catch(() => undefined),
      );
      await work;
    },
    build: (request) =>
      withGeneration(request.target, async (generation, id) => {
        const work = join(workDirectory, id);
        await mkdir(work, { recursive: true });
        try {
          const [{ CHROOT }, { buildIn }] = await Promise.all([import('./prepare.ts'), import('./build.ts')]);
          return await buildIn(work, join(generation, CHROOT), request);
        } catch (error) {
          return sourceOutcome(error);
        } finally {
          await rm(work, { recursive: true, force: true });
        }
      }),
    verifyInstall: (request) =>
      withGeneration(request.target, async (generation) => (await import('./verify.ts')).verifyIn(generation, request)),
    recover: async () => {
      await recoverJails();
      await rm(workDirectory, { recursive: true, force: true });
      const targets = join(stateDirectory, 'targets');
      for (const name of await readdir(targets).catch(() => []))
        await removeOldGenerations(join(targets, name), inUse.values());
    },
  };
}

/** A source that cannot be packed at all is the package's failure; everything else is thrown on. */
function sourceOutcome(error: unknown): BuildOutcome {
  if (!(error instanceof TrunklineError) || error.code !== 'source_invalid') throw error;
  return { ok: false, reason: 'source_error', detail: error.message, files: [], buildroot: [], timings: {} };
}
