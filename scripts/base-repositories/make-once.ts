import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { errnoOf } from '../../src/lib/index.ts';

/**
 * Makes the directory `path` once, whoever asks and however often: `make` fills a directory that is renamed when it is whole. Several processes at
 * once wait for the first, and what a killed one left is removed.
 */
export async function makeOnce(
  path: string,
  make: (directory: string) => Promise<void>,
  report: (message: string) => void,
): Promise<void> {
  const made = resolve(path);
  await mkdir(dirname(made), { recursive: true });
  if ((await exists(made)) || (await madeByAnother(made, report))) return;
  const work = await mkdtemp(`${workPrefix(made)}${process.pid}-`);
  try {
    const directory = join(work, 'made');
    await mkdir(directory);
    await make(directory);
    await rename(directory, made).catch((error: unknown) => {
      // Another process was first; what it made is as good.
      if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error;
    });
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
      if (isAlive(pid)) someone = true;
      else await rm(path, { recursive: true, force: true });
    }
    if (await exists(made)) return true;
    if (!someone) return false;
    if (waited === 0) report(`waiting for another process that makes ${made}`);
    await pause(500);
  }
}

function workPrefix(made: string): string {
  return join(dirname(made), `.tmp-${basename(made)}-`);
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
