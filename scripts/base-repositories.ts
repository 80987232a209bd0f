/**
 * Makes the base repositories that tests and the demo build on: this machine reaches Debian's archive but no RPM mirror, so the RPM one is made of
 * Debian packages.
 * usage: node scripts/base-repositories.ts [DIRECTORY]    (as root; a minute or two the first time; needs mmdebstrap, rpm, createrepo-c, apt-utils)
 */
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { describeError, errnoOf } from '../src/lib/index.ts';
import { makeDebArchive } from './base-repositories/deb-archive.ts';
import { makeDebianTree } from './base-repositories/debian-tree.ts';
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
  await mkdir(dirname(made), { recursive: true });
  if (!(await exists(made)) && !(await madeByAnother(made, report))) await make(made, report);
  return { rpm: join(made, 'rpm'), deb: join(made, 'deb') };
}

async function make(made: string, report: (message: string) => void): Promise<void> {
  const work = await mkdtemp(`${workPrefix(made)}${String(process.pid)}-`);
  try {
    report('base repositories: unpacking Debian packages (once, about a minute in all)');
    const tree = await makeDebianTree(join(work, 'tree'));
    report('base repositories: indexing the deb archive');
    await makeDebArchive(tree, join(work, 'made', 'deb'));
    report(`base repositories: packing ${String(tree.packages.length)} Debian packages as RPMs`);
    await makeRpmRepository(tree, join(work, 'made', 'rpm'), join(work, 'rpmbuild'));
    await rename(join(work, 'made'), made).catch((error: unknown) => {
      // Another caller was first; what it made is as good.
      if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error;
    });
    report(`base repositories: ready in ${made}`);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Waits while a living process makes the same; removes what dead ones left. Answers whether it is there now. */
async function madeByAnother(made: string, report: (message: string) => void): Promise<boolean> {
  for (let waited = 0; ; waited++) {
    let someone = false;
    for (const name of await readdir(dirname(made))) {
      const path = join(dirname(made), name);
      if (!path.startsWith(workPrefix(made))) continue;
      const pid = Number(path.slice(workPrefix(made).length).split('-')[0]);
      if (pid !== process.pid && isAlive(pid)) someone = true;
      else await rm(path, { recursive: true, force: true });
    }
    if (await exists(made)) return true;
    if (!someone) return false;
    if (waited === 0) report('base repositories: waiting for another process that makes them');
    await pause(500);
  }
}

function workPrefix(made: string): string {
  return join(dirname(made), `.tmp-${VERSION}-`);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
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
