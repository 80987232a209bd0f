import { mkdir, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ProcessError, run, TrunklineError } from '../../lib/index.ts';
import type { OwnFile } from './plan.ts';

/** Where a mirror goes: a directory of this machine, or what rsync takes for another one. */
export interface Destination {
  /** As rsync takes it, with a slash at the end. */
  address: string;
  /** Its absolute path where it is on this machine; null otherwise. */
  directory: string | null;
  /** Further options for rsync. */
  options: readonly string[];
  /** An empty directory of ours. */
  scratch: string;
  signal: AbortSignal;
}

/** No file is ever written in place: rsync writes beside it and renames, links too. */
const OPTIONS = ['--links', '--times', '--perms', '--chmod=Du=rwx,Dgo=rx,Fu=rw,Fgo=r', '--outbuf=N'];
/** What would take that promise back, or remove what we do not say. */
const FORBIDDEN =
  /^--(inplace|append|append-verify|delete.*|del|remove-.*|write-devices|copy-links|files-from.*|daemon|server)(=|$)|^-[a-zA-Z]*[LK]/;

/** @throws TrunklineError `invalid_argument` for options under which a mirror would be torn. */
export function checkOptions(options: readonly string[]): void {
  const bad = options.find((option) => FORBIDDEN.test(option));
  if (bad === undefined) return;
  throw new TrunklineError('invalid_argument', `rsync’s option ${bad} cannot be used for an export`, {
    hint: 'clients would see a mirror that lacks a part, or files that are being written',
  });
}

/** Copies files below `from` to the same places below the destination, `below` added in front there. */
export async function copyFiles(to: Destination, from: string, files: readonly string[], below = ''): Promise<void> {
  if (files.length === 0) return;
  const list = `${files.join('\0')}\0`;
  await rsync(to, ['--from0', '--files-from=-', '--', `${from}/`, `${to.address}${below}`], list);
}

/** Writes files and links of our own there: laid out in a directory first, then copied as they are. */
export async function putOwn(to: Destination, target: string, files: readonly OwnFile[]): Promise<void> {
  if (files.length === 0) return;
  const stage = await mkdtemp(join(to.scratch, 'own-'));
  for (const file of files) {
    const path = join(stage, target, file.path);
    await mkdir(dirname(path), { recursive: true });
    if ('link' in file) await symlink(file.link, path);
    else await writeFile(path, file.content);
  }
  // Their times say nothing, so contents are compared.
  const paths = files.map((file) => join(target, file.path));
  await rsync(to, ['--checksum', '--from0', '--files-from=-', '--', `${stage}/`, to.address], `${paths.join('\0')}\0`);
  await rm(stage, { recursive: true });
}

/** Removes whatever lies below `target` there and is not among `names`. Nothing is written. */
export async function removeOthers(to: Destination, target: string, names: ReadonlySet<string>): Promise<void> {
  const skeleton = await mkdtemp(join(to.scratch, 'keep-'));
  const made = new Set<string>();
  for (const name of names) {
    const path = join(skeleton, name);
    if (!made.has(dirname(path))) await mkdir(dirname(path), { recursive: true });
    made.add(dirname(path));
    // A name that has others below it is a directory already.
    await writeFile(path, '', { flag: 'wx' }).catch(() => undefined);
  }
  await rsync(to, [
    '--recursive',
    '--existing',
    '--ignore-existing',
    '--delete',
    '--',
    `${skeleton}/`,
    `${to.address}${target}/`,
  ]);
  await rm(skeleton, { recursive: true });
}

/** The content of a file there, or null. */
export async function readThere(to: Destination, path: string): Promise<string | null> {
  if (to.directory !== null) return readFile(join(to.directory, path), 'utf8').catch(() => null);
  const into = await mkdtemp(join(to.scratch, 'read-'));
  await rsync(to, ['--', `${to.address}${path}`, `${into}/file`]).catch((error: unknown) => {
    // 23: not there, nor on a machine that has no mirror yet. What is worse shows at the next call.
    if (!(error instanceof ProcessError) || ![3, 23].includes(error.exitCode ?? 0)) throw error;
  });
  return readFile(join(into, 'file'), 'utf8').catch(() => null);
}

/** Whether a directory of the destination is there; unknown (false) on another machine. */
export async function isThere(to: Destination, path: string): Promise<boolean> {
  if (to.directory === null) return false;
  return (await stat(join(to.directory, path)).catch(() => undefined))?.isDirectory() ?? false;
}

/** Gives a directory of the destination its name, where it is on this machine. */
export async function giveName(to: Destination, from: string, name: string): Promise<void> {
  if (to.directory !== null) await rename(join(to.directory, from), join(to.directory, name));
}

/** It ends with this process, however that ends: what was begun by an export that was killed would work against the next one. */
async function rsync(to: Destination, args: readonly string[], input?: string): Promise<void> {
  // On another machine an rsync before 3.2.3 may answer, which does not know it.
  const own = to.directory === null ? OPTIONS : [...OPTIONS, '--mkpath'];
  await run(['setpriv', '--pdeathsig', 'KILL', 'rsync', ...own, ...to.options, ...args], {
    signal: to.signal,
    ...(input === undefined ? {} : { input }),
  }).catch((error: unknown) => {
    if (error instanceof ProcessError && error.exitCode === 127)
      throw new TrunklineError('missing_tool', 'Exporting needs rsync', { hint: 'install rsync' });
    throw error;
  });
}
