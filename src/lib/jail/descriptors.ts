import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FILTER_FD } from './arguments.ts';

/** O_CLOEXEC as proc(5) prints it in fdinfo; the same on every architecture that Node runs on. */
const CLOSE_ON_EXEC = 0o2000000;

let found: Promise<number[]> | undefined;

/**
 * Descriptors above a run's own that whoever started this process left open and that a child would inherit: Node marks only those it opens itself
 * and the first few. A jail must not get them: one may be a secret, or keep a pipe of somebody's open.
 */
export function inheritedDescriptors(): Promise<number[]> {
  return (found ??= findInherited());
}

async function findInherited(): Promise<number[]> {
  const directory = '/proc/self/fdinfo';
  const numbers: number[] = [];
  for (const name of await readdir(directory)) {
    const text = await readFile(join(directory, name), 'utf8').catch(() => '');
    const flags = /^flags:\s*([0-7]+)$/m.exec(text)?.[1];
    if (Number(name) <= FILTER_FD || flags === undefined) continue;
    if ((Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0) numbers.push(Number(name));
  }
  return numbers;
}
