import { access, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TrunklineError } from '../../../lib/index.ts';
import type { BuildOutcome, Builder, BuilderCapabilities, Target } from '../../../model/index.ts';
import type { PrepareRequest } from './prepare.ts';
import { createSlots, removeBusySlots, type SlotKind } from './slots.ts';
import { readPrepared, removeOldGenerations } from '../generations.ts';

/**
 * How far mock can be trusted: `%(…)` of a spec, the build and the scriptlets of dependencies run in a chroot without network, the build as mock's account
 * and not as root. But dnf runs as the host's root, with Lua scriptlets inside its process and others chrooted only; there is no limit on memory,
 * processes or disk. So it is for projects whose packaging and dependencies are trusted.
 */
export const mockCapabilities: BuilderCapabilities = {
  name: 'mock',
  formats: ['rpm'],
  isolation: 'chroot',
  untrusted: false,
};

/** Milliseconds for which mock is taken to be the program it was: asking it takes 0.3 s, mostly the start of Python. */
const VERSION_HOLDS = 60_000;

export interface MockOptions {
  /** Where builders keep their roots (`mock/` below it is ours); mock's account must be able to pass through. */
  stateDirectory: string;
  /** The program: a name on PATH or an absolute path. Default: `TRUNKLINE_MOCK`, else `mock`. */
  mockCommand?: string;
}

/**
 * Builds with real mock (mock(1)): source package and build in one run, the install check in a second one with a clean root. Needs root, and an account
 * in the group `mock` that it runs mock as. Roots are kept with mock's overlayfs plugin where the kernel has it, else unpacked from its root cache.
 */
export function createMockBuilder(options: MockOptions): Builder {
  const stateDirectory = join(options.stateDirectory, 'mock');
  const command = options.mockCommand ?? process.env.TRUNKLINE_MOCK ?? 'mock';
  const slots = createSlots();
  const launcher = once(async () => {
    await mkdir(stateDirectory, { recursive: true });
    return (await import('./command.ts')).createLauncher(stateDirectory, command);
  });
  const version = remembered(VERSION_HOLDS, async () => (await import('./check.ts')).askVersion(await launcher()));
  const zstd = once(() => access('/usr/bin/zstd').then(yes, no));
  const preparing = new Map<string, Promise<void>>();

  const lease = async (target: Target, kind: SlotKind) => {
    const prepared = await readPrepared(stateDirectory, target);
    if (prepared === null)
      throw new TrunklineError(
        'target_not_ready',
        `No mock root is prepared for ${target.name} as it is configured now`,
        {
          hint: `run: trunkline target prepare ${target.name}`,
        },
      );
    return slots.lease(prepared.generation, target.name, kind);
  };
  const prepareOnce = async (request: PrepareRequest, refresh: boolean): Promise<void> => {
    if (!refresh && (await readPrepared(stateDirectory, request.target)) !== null) return;
    const { prepareGeneration } = await import('./prepare.ts');
    await prepareGeneration(stateDirectory, request, await launcher(), slots, await zstd());
  };

  return {
    capabilities: mockCapabilities,
    version: () => version(),
    check: async (target) => (await import('./check.ts')).checkMachine(stateDirectory, target, launcher, command),
    prepare: async (target, { refresh, report, signal }) => {
      const before = preparing.get(target.name) ?? Promise.resolve();
      const work = before.then(() => prepareOnce({ target, report, signal }, refresh));
      preparing.set(target.name, work.catch(no).then(nothing));
      await work;
    },
    build: async (request) => {
      const [mock, compressor] = [await launcher(), await zstd()];
      const { buildInSlot } = await import('./build.ts');
      return buildInSlot(request, mock, await lease(request.target, 'build'), compressor).catch(sourceOutcome);
    },
    verifyInstall: async (request) => {
      const [mock, compressor] = [await launcher(), await zstd()];
      const { verifyInSlot } = await import('./verify.ts');
      return verifyInSlot(request, mock, await lease(request.target, 'install'), compressor);
    },
    recover: async () => {
      const targets = join(stateDirectory, 'targets');
      for (const name of await readdir(targets).catch(() => [])) {
        const directory = join(targets, name);
        await removeOldGenerations(directory, slots.inUse);
        for (const generation of await readdir(directory)) await removeBusySlots(join(directory, generation));
      }
    },
  };
}

/** A source that cannot be given to mock at all is the package's failure; everything else is thrown on. */
function sourceOutcome(error: unknown): BuildOutcome {
  if (!(error instanceof TrunklineError) || error.code !== 'source_invalid') throw error;
  return { ok: false, reason: 'source_error', detail: error.message, files: [], buildroot: [], timings: {} };
}

/** `make`, called at its first use; again after a failure, which may have been remedied. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  return remembered(Infinity, make);
}

/** As `once`, but made again when the answer is older than `milliseconds`. */
function remembered<T>(milliseconds: number, make: () => Promise<T>): () => Promise<T> {
  let made: { answer: Promise<T>; at: number } | undefined;
  return () => {
    if (made !== undefined && performance.now() - made.at < milliseconds) return made.answer;
    const answer = make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    made = { answer, at: performance.now() };
    return answer;
  };
}

const yes = () => true;
const no = () => false;
const nothing = () => undefined;
