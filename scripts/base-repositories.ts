/**
 * Makes the base repositories that tests and the demo build on: this machine reaches Debian's archive but no RPM mirror, so the RPM one is made of
 * Debian packages.
 * usage: node scripts/base-repositories.ts [DIRECTORY]    (as root; a minute or two the first time; needs mmdebstrap, rpm, createrepo-c, apt-utils)
 */
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeError } from '../src/lib/index.ts';
import { makeDebArchive } from './base-repositories/deb-archive.ts';
import { makeDebianTree } from './base-repositories/debian-tree.ts';
import { makeOnce } from './base-repositories/make-once.ts';
import { makeRpmRepository } from './base-repositories/rpm-repository.ts';

/** Raised whenever what this script makes changes, so that an older cache is not taken for it. */
const VERSION = 'v2';
const project = fileURLToPath(new URL('..', import.meta.url));

export const DEFAULT_DIRECTORY = join(project, '.cache', 'base');

export interface BaseRepositories {
  /** Absolute path of a repository for dnf (`repodata/` lies in it). */
  rpm: string;
  /** Absolute path of an archive for apt: suite `bookworm`, component `main`, unsigned (`[trusted=yes]`). */
  deb: string;
}

/**
 * The base repositories below `directory`, made first if they are not there. Several callers at once make them once, and a killed one leaves
 * nothing that counts. `report` gets a line per step.
 */
export async function ensureBaseRepositories(
  directory: string,
  report: (message: string) => void,
): Promise<BaseRepositories> {
  const made = join(resolve(directory), VERSION);
  await makeOnce(made, (place) => make(place, report), report);
  return { rpm: join(made, 'rpm'), deb: join(made, 'deb') };
}

async function make(directory: string, report: (message: string) => void): Promise<void> {
  const work = join(directory, 'work');
  report('base repositories: unpacking Debian packages (once, about a minute in all)');
  const tree = await makeDebianTree(join(work, 'tree'));
  report('base repositories: indexing the deb archive');
  await makeDebArchive(tree, join(directory, 'deb'));
  report(`base repositories: packing ${tree.packages.length} Debian packages as RPMs`);
  await makeRpmRepository(tree, join(directory, 'rpm'), join(work, 'rpmbuild'));
  await rm(work, { recursive: true, force: true });
  report('base repositories: ready');
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const report = (message: string) => void process.stderr.write(`${message}\n`);
  try {
    const { rpm, deb } = await ensureBaseRepositories(process.argv[2] ?? DEFAULT_DIRECTORY, report);
    process.stdout.write(`rpm ${rpm}\ndeb ${deb}\n`);
  } catch (error) {
    report(describeError(error));
    process.exitCode = 1;
  }
}
