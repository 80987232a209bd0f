import { lstat } from 'node:fs/promises';
import { extname } from 'node:path';
import { ProcessError, sha256File, TrunklineError } from '../../lib/index.ts';
import type { Jail, JailOptions, JailResult } from '../../lib/jail/index.ts';

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
/** Index entries of a package with half a million files are about 100 MB. */
const MAX_ANSWER_BYTES = 256 * 1024 ** 2;
const LIMITS = { memory: 1024 ** 3, processes: 64, disk: 512 * 1024 ** 2 };
/** Seconds for one batch, and one more for each 20 MB. */
const BASE_SECONDS = 60;
const BYTES_PER_SECOND = 20e6;

/** @throws TrunklineError `package_invalid` for what is no regular file (a link that a build left is not followed) or too large. */
export async function openInput(path: string): Promise<InputFile> {
  const status = await lstat(path);
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

/**
 * Runs `script` (sh, fixed text) in a jail with the files bound read-only as `/in/<n>/package<extension>` (their own) and answers its standard output.
 * Their own names, which a build chose, never reach the script; callers select files by extension first.
 * @throws TrunklineError `package_invalid` naming the files when a limit ends it, `missing_tool` for exit code 127.
 */
export async function readConfined(
  openJail: OpenJail,
  files: readonly InputFile[],
  request: { label: string; script: string; tools: string },
): Promise<string> {
  const jail = await openJail({ label: request.label, limits: LIMITS });
  try {
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    const command = ['/bin/sh', '-c', request.script] as const;
    const result = await jail.run(command, {
      root: 'tools',
      binds: files.map((file, n) => ({ source: file.path, target: `/in/${n}/package${extname(file.path)}` })),
      user: 'builder',
      maxOutput: MAX_ANSWER_BYTES,
      timeout: BASE_SECONDS + bytes / BYTES_PER_SECOND,
    });
    return checkedOutput(result, files, request.tools);
  } finally {
    await jail.close();
  }
}

function checkedOutput(result: JailResult, files: readonly InputFile[], tools: string): string {
  const names = files.map((file) => file.path).join(', ');
  if (result.stop !== null)
    throw new TrunklineError('package_invalid', `Reading ${names} was ended by the limit on ${result.stop}`, {
      where: files[0]?.path ?? names,
    });
  if (result.exitCode === 127)
    throw new TrunklineError('missing_tool', `Reading packages needs ${tools}`, {
      hint: `install ${tools} with the package manager of this machine`,
    });
  if (result.exitCode !== 0)
    throw new ProcessError(['sh', '-c', `read ${names}`], {
      exitCode: result.exitCode,
      stdout: '',
      stderr: result.stderr,
    });
  return result.stdout;
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
