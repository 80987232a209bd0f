import { recoverJails } from '../../../lib/jail/index.ts';
import type { Builder, BuilderCapabilities } from '../../../model/index.ts';
import type { findUnmet as FindUnmet, UnmetPackage } from './closure.ts';
import { createRootStore } from './root-store.ts';

/** Raised whenever a build of the same source could come out differently. */
const VERSION = '1';

export const sandboxCapabilities: BuilderCapabilities = {
  name: 'sandbox',
  formats: ['rpm', 'deb'],
  isolation: 'namespaces',
  untrusted: true,
};

/** See `closure.ts`. */
export async function findUnmet(...about: Parameters<typeof FindUnmet>): Promise<UnmetPackage[]> {
  return (await import('./closure.ts')).findUnmet(...about);
}

/** Our own builder; what builds is loaded with the first build. `stateDirectory` holds prepared roots: `<target>/current` → `<target>/roots/<id>`. */
export function createSandboxBuilder({ stateDirectory }: { stateDirectory: string }): Builder {
  const store = createRootStore(stateDirectory);
  return {
    capabilities: sandboxCapabilities,
    version: () => Promise.resolve(VERSION),
    check: async (target) => (await import('./check.ts')).checkTarget(store, target),
    prepare: async (target, options) => {
      if (options.refresh || !(await store.has(target)))
        await (await import('./prepare.ts')).prepareRoots(store, target, options);
    },
    build: async (request) => (await import('./build.ts')).buildPackages(store, request),
    verifyInstall: async (request) => (await import('./verify.ts')).verifyPackages(store, request),
    recover: async () => {
      await recoverJails();
      await store.recover();
    },
  };
}
