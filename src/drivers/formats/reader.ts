import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { ProcessError, TrunklineError } from '../../lib/index.ts';
import type { JailBind, JailResult } from '../../lib/jail/index.ts';
import { secondsToRead, type InputFile, type OpenJail } from './confined-reading.ts';
import { linkTogether } from './linked-files.ts';
import { writeTar } from './write-tar.ts';
import { createJailPool, type JailPool } from './jail-pool.ts';

/** What reads packages in a jail. */
export interface ReadingProgram {
  /** Of the jails. */
  label: string;
  /**
   * sh, fixed text, after `PRELUDE`, in /tmp. `$1` is a number of places: once `arrive` has returned, the files are `in/<n>/package<extension>` (their
   * own) with n below it. `$2` is `ahead` when it is started before there are files: then not every place will have one, and what can be done before
   * `arrive` is done in time that nobody waits for. Ends with `answer FILE…`; exit 127 says that a tool is missing.
   */
  script: string;
  /** The tools it needs, with their packages. */
  tools: string;
}

export interface Reader {
  /**
   * Reads files in a run of a jail that nothing else is read in (its processes and file systems end with it, so that a hostile package can say nothing
   * of the next), and answers what the script left, by file name. `fresh`: not in one that was started ahead.
   * @throws TrunklineError `package_invalid` naming the files when a limit ends it, `missing_tool`.
   */
  read(files: readonly InputFile[], options?: { fresh: boolean }): Promise<ReadonlyMap<string, Buffer>>;
}

const PRELUDE = `
set -u
cd /tmp && mkdir -p in out index || exit 1
arrive() { tar -xf - -C in; }
answer() { wc -c -- "$@" && echo && exec cat -- "$@"; }
`;
/** Where the files are in the jail. */
const IN = '/tmp/in';
/** Index entries of a package with half a million files are about 100 MB. */
export const MAX_ANSWER_BYTES = 256 * 1024 ** 2;
/** Files up to this size are copied into the jail; larger ones are bound, which only a jail that is started for them can do. */
export const MAX_COPIED_BYTES = 4 * 1024 ** 2;
/** How many files a jail that was started ahead can take: as many as most builds leave. */
const PLACES = 16;
/** Jails started ahead at most: with one alone, a steady stream of packages would wait for its start each time. */
const MAX_AHEAD = 2;
/** Milliseconds without a file after which nothing is kept ready. */
const IDLE = 15_000;
/** Milliseconds after a reading before the next is made ready, while another still is: what was read is being published then. */
const REST = 40;

/** A run of a jail whose programs wait for their files, once. */
interface Reading {
  feed(archive: Uint8Array): void;
  discard(): void;
  result: Promise<JailResult>;
}

interface Placed {
  file: InputFile;
  place: number;
}

/**
 * A reader that starts runs ahead of their need as long as files keep coming: setting one up takes longer than reading a small package. They do not
 * keep this process alive and do not outlive it, as a jail's holder ends with us.
 */
export function createReader(openJail: OpenJail, program: ReadingProgram, { idle: patience } = { idle: IDLE }): Reader {
  const jails = createJailPool(openJail, program.label);
  const ahead: Promise<Reading>[] = [];
  let idle: NodeJS.Timeout | undefined;
  let refilling: NodeJS.Timeout | undefined;
  const discardAll = () => {
    idle = undefined;
    clearTimeout(refilling);
    refilling = undefined;
    jails.closeIdle();
    for (const started of ahead.splice(0))
      started.then(
        (reading) => {
          reading.discard();
        },
        () => undefined,
      );
  };
  const fill = (count: number) => {
    while (ahead.length < count) {
      const bytes = PLACES * MAX_COPIED_BYTES;
      const started = startReading(jails, program, { binds: [], bytes, places: PLACES, ahead: true });
      // Whoever takes it finds out.
      started.catch(() => undefined);
      ahead.push(started);
    }
  };
  const refill = () => {
    refilling = undefined;
    fill(MAX_AHEAD);
  };
  const startAhead = () => {
    // Not for the first files: a command that reads no others would start a jail in vain.
    const streaming = idle !== undefined;
    clearTimeout(idle);
    idle = setTimeout(discardAll, patience).unref();
    if (streaming && ahead.length === 0) fill(1);
    if (streaming) refilling ??= setTimeout(refill, REST).unref();
  };
  const readCopied = async (placed: readonly Placed[], fresh: boolean) => {
    const archive = archiveOf(placed.filter((one) => !isBound(one)));
    const started = fresh || placed.length > PLACES || placed.some(isBound) ? undefined : ahead.shift();
    // Whatever is wrong with a run that has waited is no fault of the files.
    const early = await started?.then((reading) => finish(reading, archive)).catch(() => undefined);
    return early?.stop === null && early.exitCode === 0 ? early : readFresh(jails, program, placed, archive);
  };
  return {
    read: async (files, { fresh } = { fresh: false }) => {
      const placed = files.map((file, place) => ({ file, place }));
      const linked = placed.length > PLACES ? await readLinked(jails, program, placed) : undefined;
      const result = linked ?? (await readCopied(placed, fresh));
      startAhead();
      return parseAnswer(checkedOutput(result, files, program.tools));
    },
  };
}

/** In a run that is started for these files. */
async function readFresh(
  jails: JailPool,
  program: ReadingProgram,
  files: readonly Placed[],
  archive: Promise<Uint8Array>,
): Promise<JailResult> {
  const binds = files.filter(isBound).map((one) => ({ source: one.file.path, target: `${IN}/${pathOf(one)}` }));
  const reading = await startReading(jails, program, {
    binds,
    bytes: allowedBytes(files),
    places: files.length,
    ahead: false,
  });
  return finish(reading, archive);
}

/** The same without copying them; undefined where that cannot be. */
async function readLinked(
  jails: JailPool,
  program: ReadingProgram,
  files: readonly Placed[],
): Promise<JailResult | undefined> {
  await using linked = await linkTogether(
    files.map(({ file }) => file),
    (file, place) => pathOf({ file, place }),
  );
  if (linked === undefined) return undefined;
  const binds = [{ source: linked.directory, target: IN }];
  const reading = await startReading(jails, program, {
    binds,
    bytes: allowedBytes(files),
    places: files.length,
    ahead: false,
  });
  // Not before that do they go.
  return await finish(reading, archiveOf([]));
}

/** What the time that a reading may take goes by: no package is too small to be slow. */
function allowedBytes(files: readonly Placed[]): number {
  return files.reduce((sum, { file }) => sum + Math.max(file.size, MAX_COPIED_BYTES), 0);
}

function isBound({ file }: Placed): boolean {
  return file.size > MAX_COPIED_BYTES;
}

/** Their own names, which a build chose, never reach the script; callers select files by extension first. */
function pathOf({ file, place }: Placed): string {
  return `${place}/package${extname(file.path)}`;
}

async function archiveOf(files: readonly Placed[]): Promise<Uint8Array> {
  const contents = await Promise.all(files.map((one) => readFile(one.file.path)));
  const entries = files.map((one, n) => ({ path: pathOf(one), content: contents[n] ?? Buffer.alloc(0) }));
  return writeTar(
    entries.map((entry) => ({ ...entry, executable: false })),
    0,
  );
}

async function finish(reading: Reading, archive: Promise<Uint8Array>): Promise<JailResult> {
  try {
    reading.feed(await archive);
  } catch (error) {
    reading.discard();
    throw error;
  }
  return reading.result;
}

async function startReading(
  jails: JailPool,
  program: ReadingProgram,
  { binds, bytes, places, ahead }: { binds: readonly JailBind[]; bytes: number; places: number; ahead: boolean },
): Promise<Reading> {
  const jail = await jails.take();
  const input = Promise.withResolvers<Uint8Array>();
  const script = PRELUDE + program.script;
  const result = jail.run(['/bin/sh', '-c', script, program.label, String(places), ahead ? 'ahead' : 'now'], {
    ...{ root: 'tools', user: 'builder', binds, input: input.promise, encoding: 'latin1' },
    maxOutput: MAX_ANSWER_BYTES,
    timeout: secondsToRead(bytes),
  });
  result.then(
    (one) => {
      jails.giveBack(jail, one.stop === null && binds.length === 0);
    },
    () => {
      jails.giveBack(jail, false);
    },
  );
  return {
    feed: input.resolve,
    discard: () => {
      input.reject(new Error('no files came'));
    },
    result,
  };
}

function checkedOutput(result: JailResult, files: readonly InputFile[], tools: string): Buffer {
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
  return Buffer.from(result.stdout, 'latin1');
}

/** What `answer` prints: a line of size and path for each file, an empty line, their contents. Sizes keep hostile bytes from looking like structure. */
function parseAnswer(output: Buffer): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer>();
  const head = output.indexOf('\n\n');
  let at = head + 2;
  for (const line of output.subarray(0, head).toString().split('\n')) {
    const [, size, name] = /^ *([0-9]+) (?:.*\/)?([\w.-]+)$/.exec(line) ?? [];
    if (size === undefined || name === undefined || name === 'total') continue;
    files.set(name, output.subarray(at, at + Number(size)));
    at += Number(size);
  }
  return files;
}
