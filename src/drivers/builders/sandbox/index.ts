import { recoverJails } from '../../../lib/jail/index.ts';
import type { Builder, BuilderCapabilities } from '../../../model/index.ts';
import { buildPackages } from './build.ts';
import { checkTarget } from './check.ts';
import { prepareRoots } from './prepare.ts';
import { createRootStore } from './root-store.ts';
import { verifyPackages } from './verify.ts';

/** Raised whenever a build of the same source could come out differently. */
const VERSION = '1';

export { findUnmet, type UnmetPackage } from './closure.ts';

export const sandboxCapabilities: BuilderCapabilities = {
  name: 'sandbox',
  formats: ['rpm', 'deb'],
  isolation: 'namespaces',
  untrusted: true,
};

/** Our own builder. `stateDirectory` holds prepared roots: `<target>/current` → `<target>/roots/<id>`. */
export function createSandboxBuilder({ stateDirectory }: { stateDirectory: string }): Builder {
  const store = createRootStore(stateDirectory);
  return {
    capabilities: sandboxCapabilities,
    version: () => Promise.resolve(VERSION),
    check: (target) => checkTarget(store, target),
    prepare: async (target, options) => {
      if (options.refresh || !(await store.has(target))) await prepareRoots(store, target, options);
    },
    build: (request) => buildPackages(store, request),
    verifyInstall: (request) => verifyPackages(store, request),
    recover: async () => {
      await recoverJails();
      await store.recover();
    },
  };
}
