import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeOnce } from '../../../../scripts/base-repositories/make-once.ts';
import { createSandboxBuilder } from '../../../../src/drivers/builders/sandbox/index.ts';
import { sha256 } from '../../../../src/lib/index.ts';
import type { Builder, Target } from '../../../../src/model/index.ts';
import { baseRepositories, linkRoot, preparedRoots } from '../../../e2e/prepared-roots.ts';

const CACHE = fileURLToPath(new URL('../../../../.cache/sandbox-roots', import.meta.url));
const DRIVER = fileURLToPath(new URL('../../../../src/drivers/builders/sandbox', import.meta.url));

/** A builder whose state is its own but for the root of `target`, which is called and made as one of those of the end-to-end tests. */
export async function builderWithRoot(stateDirectory: string, target: Target): Promise<Builder> {
  const made = await preparedRoots(await baseRepositories());
  await linkRoot(join(made, target.name), join(stateDirectory, target.name));
  const builder = createSandboxBuilder({ stateDirectory });
  const { missing } = await builder.check(target);
  if (missing.length > 0) throw new Error(missing.map(({ what }) => what).join(', '));
  return builder;
}

/**
 * A builder whose state is its own but for the roots, which every test run shares: preparing them takes longer than all the tests. They are made
 * again when the driver, the target or the base repositories change.
 */
export async function preparedBuilder(stateDirectory: string, target: Target): Promise<Builder> {
  const shared = join(CACHE, `${target.name}-${await stateOf(target)}`);
  await makeOnce(shared, (directory) => prepare(directory, target), console.warn);
  await removeOutdated(shared, target);
  await linkRoot(join(shared, target.name), join(stateDirectory, target.name));
  return createSandboxBuilder({ stateDirectory });
}

/** Roots of an earlier state of the driver; not those of an hour ago, which another test run may be using. */
async function removeOutdated(shared: string, target: Target): Promise<void> {
  for (const name of await readdir(CACHE)) {
    const path = join(CACHE, name);
    if (!name.startsWith(`${target.name}-`) || path === shared) continue;
    const age = Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now());
    if (age > 3_600_000) await rm(path, { recursive: true, force: true });
  }
}

/** The names of the layers that a builder has saved. */
export async function layersOf(stateDirectory: string, target: Target): Promise<string[]> {
  return readdir(join(stateDirectory, target.name, 'current', 'layers'));
}

async function prepare(stateDirectory: string, target: Target): Promise<void> {
  const signal = new AbortController().signal;
  await createSandboxBuilder({ stateDirectory }).prepare(target, { refresh: false, report: console.warn, signal });
}

async function stateOf(target: Target): Promise<string> {
  const names = (await readdir(DRIVER)).filter((name) => /prepare|program|root-store|add-builder/.test(name)).sort();
  const sources = await Promise.all(names.map((name) => readFile(join(DRIVER, name), 'utf8')));
  const { baseRepositories, buildPackages, installPackages, root } = target;
  return sha256(JSON.stringify([sources, baseRepositories, buildPackages, installPackages, root])).slice(0, 12);
}
