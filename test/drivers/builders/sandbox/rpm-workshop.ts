import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureBaseRepositories } from '../../../../scripts/base-repositories.ts';
import type { Builder, BuildOutcome, LocalRepository, Target, VerifyOutcome } from '../../../../src/model/index.ts';
import { ROOTS, RPM } from '../../../e2e/prepared-roots.ts';
import { BASE, freshDirectories, rpmRepository, rpmTarget, stageRpm, workDirectory } from '../samples.ts';
import { builderWithRoot } from './prepared.ts';

export interface BuildOptions {
  repository?: LocalRepository;
  limits?: Partial<Target['limits']>;
  /** Files in SOURCES. */
  sources?: Record<string, string>;
  signal?: AbortSignal;
}

/** A builder over a prepared root, with a directory of its own. */
export interface RpmWorkshop {
  top: string;
  /** The builder's state directory. */
  state: string;
  target: Target;
  builder: Builder;
  build(name: string, spec: string, options?: BuildOptions): Promise<BuildOutcome & { log: string; rootLog: string }>;
  repositoryOf(name: string, outcomes: readonly BuildOutcome[]): Promise<LocalRepository>;
  /** Installs version 1.0-1 of the packages. */
  verify(name: string, repository: LocalRepository, packages?: string[]): Promise<VerifyOutcome & { log: string }>;
  close(): Promise<void>;
}

export async function openRpmWorkshop(): Promise<RpmWorkshop> {
  const top = await workDirectory('sandbox-rpm');
  const state = join(top, 'state');
  const base = await ensureBaseRepositories(BASE, console.warn);
  const target = rpmTarget(base.rpm, { name: RPM, builder: 'sandbox', ...ROOTS.rpm });
  const builder = await builderWithRoot(state, target);
  const never = new AbortController().signal;
  return {
    ...{ top, state, target, builder },
    build: async (name, text, options = {}) => {
      const source = await stageRpm(top, name, text, options.sources);
      const { output, logs } = await freshDirectories(top, name);
      const outcome = await builder.build({
        target: { ...target, limits: { ...target.limits, ...options.limits } },
        source,
        repository: options.repository ?? null,
        ...{ output, logs, signal: options.signal ?? never },
      });
      const read = (file: string) => readFile(join(logs, file), 'utf8').catch(() => '');
      return { ...outcome, log: await read('build.log'), rootLog: await read('root.log') };
    },
    repositoryOf: (name, outcomes) =>
      rpmRepository(
        join(top, `repository-${name}`),
        outcomes.flatMap(({ files }) => files),
      ),
    verify: async (name, repository, packages = [name]) => {
      const { logs } = await freshDirectories(top, `verify-${name}`);
      const named = packages.map((one) => ({
        ...{ name: one, version: '1.0-1.tl12', arch: 'x86_64', fullName: `${one}-1.0-1.tl12.x86_64` },
      }));
      const outcome = await builder.verifyInstall({ target, repository, packages: named, logs, signal: never });
      return { ...outcome, log: await readFile(join(logs, 'install.log'), 'utf8').catch(() => '') };
    },
    close: () => rm(top, { recursive: true, force: true }),
  };
}
