import { lstatSync } from 'node:fs';
import { breathe, sha256File, TrunklineError } from '../../lib/index.ts';
import type { Jail, JailOptions } from '../../lib/jail/index.ts';

/** How a format gets a jail; `openJail` of lib/jail in production. */
export type OpenJail = (options: JailOptions) => Promise<Jail>;

/** A file to be read, digested on this side so that what the jail says of it can be checked. */
export interface InputFile {
  path: string;
  sha256: string;
  /** Bytes. */
  size: number;
}

/** Larger files are refused; dnf and apt keep sizes in more bits, but nothing of this size is a package. */
const MAX_PACKAGE_BYTES = 16 * 1024 ** 3;

/** The seconds a program in a jail has for packages of so many bytes together: one for each 20 MB, and a minute. */
export function secondsToRead(bytes: number): number {
  return 60 + bytes / 20e6;
}

/** @throws TrunklineError `package_invalid` for what is no regular file (a link that a build left is not followed) or too large. */
export async function openInput(path: string): Promise<InputFile> {
  const status = lstatSync(path);
  if (!status.isFile())
    throw new TrunklineError('package_invalid', `${path} is not a regular file`, {
      where: path,
      hint: 'a build must leave its packages as files, not as links or directories',
    });
  if (status.size > MAX_PACKAGE_BYTES)
    throw new TrunklineError('package_invalid', `${path} has ${status.size} bytes, more than a package may have`, {
      where: path,
    });
  return { path, sha256: await sha256File(path), size: status.size };
}

/** The same of several, one after the other: most are small. */
export async function openInputs(paths: readonly string[]): Promise<InputFile[]> {
  const inputs: InputFile[] = [];
  for (const path of paths) {
    inputs.push(await openInput(path));
    await breathe();
  }
  return inputs;
}

/** A refusal of one file, in the words of the tool that read it; `where` names the file. */
export function invalidPackage(file: { path: string }, what: string): TrunklineError {
  return new TrunklineError('package_invalid', what, {
    where: file.path,
    hint: 'the build left a file that is damaged or says something impossible of itself; see its build log',
  });
}

/** Decodes one word of a script's answer: base64 keeps hostile bytes from looking like the answer's own structure. */
export function decodeWord(word: string | undefined): string {
  return Buffer.from(word ?? '', 'base64').toString('utf8');
}
