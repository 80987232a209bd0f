import { cp, mkdir, readdir, readFile, readlink, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { ensureBaseRepositories } from '../../scripts/base-repositories.ts';
import { makeOnce } from '../../scripts/base-repositories/make-once.ts';
import { sha256 } from '../../src/lib/index.ts';
import { start } from './command-line.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
const cache = join(project, '.cache/e2e-roots');
/** Milliseconds after which roots that nobody used are made room of: they are 800 MB. */
const UNUSED = 3_600_000;

export const RPM = 'sample-12-x86_64';
export const DEB = 'debian-12-amd64';

/** What their roots are made of; the builders' own tests have the same roots. */
export const ROOTS = {
  rpm: { buildPackages: ['buildsys-build'], installPackages: ['basesystem'] },
  deb: { buildPackages: ['build-essential', 'debhelper', 'fakeroot'] },
};

export interface Base {
  rpm: string;
  deb: string;
}

export function baseRepositories(): Promise<Base> {
  return ensureBaseRepositories(join(project, '.cache/base'), () => undefined);
}

/** The two targets as the configuration has them. What differs per test (limits) is no part of what roots are made from. */
export function targetEntries(base: Base): Record<string, Record<string, unknown>> {
  return {
    [RPM]: {
      ...{ format: 'rpm', dist: '.e2e', base: [{ id: 'base', baseurl: `file://${base.rpm}` }] },
      ...{ build_packages: ROOTS.rpm.buildPackages, install_packages: ROOTS.rpm.installPackages },
    },
    [DEB]: {
      ...{ format: 'deb', build_packages: ROOTS.deb.buildPackages },
      base: [{ id: 'base', uri: `file://${base.deb}`, suites: ['bookworm'], components: ['main'], trusted: true }],
    },
  };
}

/** What the roots are made by: when it changes, they are made anew. */
async function preparingCode(): Promise<string> {
  const sandbox = join(project, 'src/drivers/builders/sandbox');
  const names = (await readdir(sandbox)).filter((name) => /^(prepare|root-store|add-builder)/.test(name)).sort();
  return (await Promise.all(names.map((name) => readFile(join(sandbox, name), 'utf8')))).join('\n');
}

/**
 * Gives `dataDir` prepared roots for both targets. They are made once, by `trunkline target prepare`, and kept in .cache; a deployment has a root of
 * its own whose unchanging parts (the trees below overlays) are links to them, and whose layers and resolutions are its own, so that what one
 * deployment's start-up clears away is never another's.
 */
export async function giveRoots(dataDir: string, base: Base): Promise<void> {
  const made = await preparedRoots(base);
  for (const target of Object.keys(targetEntries(base)))
    await linkRoot(join(made, target), join(dataDir, 'roots', target));
}

/** The directory of the shared roots, made first if they are not there. */
export async function preparedRoots(base: Base): Promise<string> {
  const targets = targetEntries(base);
  const stamp = sha256(JSON.stringify([targets, await preparingCode()])).slice(0, 16);
  const made = join(cache, stamp);
  const report = (message: string) => void process.stderr.write(`${message}\n`);
  await makeOnce(made, (directory) => prepare(directory, targets), report);
  await utimes(made, new Date(), new Date());
  await removeOld(stamp);
  return join(made, 'data/roots');
}

async function prepare(directory: string, targets: Record<string, unknown>): Promise<void> {
  const config = join(directory, 'trunkline.yaml');
  await writeFile(config, stringify({ data_dir: 'data', targets }));
  const { code, stderr } = await start(['--config', config, 'target', 'prepare']).done;
  if (code !== 0) throw new Error(`the roots could not be prepared: ${stderr}`);
}

const SHARED = ['build', 'clean', 'cache', 'work'];

/** Gives `to` the prepared root of a target, `from`. */
export async function linkRoot(from: string, to: string): Promise<void> {
  const current = await readlink(join(from, 'current'));
  await mkdir(join(to, current), { recursive: true });
  for (const name of await readdir(join(from, current)))
    if (SHARED.includes(name)) await symlink(join(from, current, name), join(to, current, name));
    else await cp(join(from, current, name), join(to, current, name), { recursive: true, verbatimSymlinks: true });
  await symlink(current, join(to, 'current'));
}

async function removeOld(stamp: string): Promise<void> {
  for (const name of await readdir(dirname(join(cache, stamp)))) {
    const path = join(cache, name);
    const found = name === stamp || name.startsWith('.') ? undefined : await stat(path).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > UNUSED) await rm(path, { recursive: true, force: true });
  }
}
