import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { breathe } from '../../lib/index.ts';
import { secondsToRead, type InputFile, type OpenJail } from './confined-reading.ts';
import { startWarmProcess, type WarmProcess } from './warm-process.ts';

/** Reads packages with programs that have been loaded before the packages come. */
export interface WarmReader {
  /**
   * What the program wrote of the files, all or nothing; undefined where it cannot be had: a file is too large to be handed over, the program is not
   * there, something went wrong, or they are the first and few. Then they have to be read in another way, which says what is wrong.
   */
  read(files: readonly InputFile[]): Promise<string | undefined>;
}

/** What a format adds to the program. */
export interface WarmOptions {
  /** Of the jails. */
  label: string;
  /** Python: `prepare()` loads what is needed, `read(paths, answer)` writes to a binary file. */
  program: string;
  /** Milliseconds without a file after which nothing is kept loaded. */
  idle?: number;
  /** So many files or fewer that come first are not worth the loading: a command may read no others. Default 16, as many as most builds leave. */
  few?: number;
}

/** Larger files are not handed over through a pipe. */
const MAX_BYTES = 4 * 1024 ** 2;
const IDLE = 15_000;
/** So many readings without a rest are a stream: then two processes take turns, as making the next child ready takes longer than publishing a package. */
const STREAM = 4;
/** Milliseconds after which a program that could not be started is tried again: its library may have been installed meanwhile. */
const AGAIN = 600_000;

export function createWarmReader(openJail: OpenJail, options: WarmOptions): WarmReader {
  const { idle: patience = IDLE, few = 16 } = options;
  const pool = createPool(openJail, options);
  /** Readings since the last rest, and those that have not ended. */
  let since = 0;
  let going = 0;
  let idle: NodeJS.Timeout | undefined;
  const restLater = () => {
    clearTimeout(idle);
    if (going > 0) return;
    idle = setTimeout(() => {
      since = 0;
      pool.endFree();
    }, patience).unref();
  };
  const readNow = async (files: readonly InputFile[]) => {
    const process = await pool.take();
    if (process === undefined) return undefined;
    try {
      const bytes = files.reduce((sum, file) => sum + file.size, 0);
      return await process.ask(await questionOf(files), secondsToRead(bytes));
    } finally {
      pool.giveBack(process);
      if (since >= STREAM) pool.startSecond();
    }
  };
  return {
    read: async (files) => {
      const inVain = since === 0 && files.length <= few;
      since++;
      going++;
      restLater();
      try {
        return inVain || files.some((file) => file.size > MAX_BYTES) ? undefined : await readNow(files);
      } finally {
        going--;
        restLater();
      }
    },
  };
}

/** As many processes as there are processors; who finds none free waits. */
function createPool(openJail: OpenJail, { label, program }: WarmOptions) {
  const most = availableParallelism();
  const free: WarmProcess[] = [];
  const waiting: ((handed: WarmProcess | undefined) => void)[] = [];
  let started = 0;
  let notBefore = 0;

  const start = async () => {
    started++;
    try {
      return await startWarmProcess(openJail, label, program);
    } catch {
      started--;
      notBefore = performance.now() + AGAIN;
      return undefined;
    }
  };
  const take = async (): Promise<WarmProcess | undefined> => {
    if (performance.now() < notBefore) return undefined;
    // The one that has rested longest has its next child ready.
    const one = free.shift();
    if (one !== undefined) return one;
    if (started < most) return start();
    return new Promise((resolve) => waiting.push(resolve));
  };
  const giveBack = (one: WarmProcess) => {
    if (!one.alive) started--;
    const next = waiting.shift();
    if (next === undefined) {
      if (one.alive) free.push(one);
    } else if (one.alive) next(one);
    else void take().then(next);
  };
  const startSecond = () => {
    if (started === 1 && most > 1 && performance.now() >= notBefore)
      void start().then((one) => {
        if (one !== undefined) giveBack(one);
      });
  };
  const endFree = () => {
    for (const unused of free.splice(0)) {
      started--;
      unused.end();
    }
  };
  return { take, giveBack, startSecond, endFree };
}

/** See `WARM`. Files are called by their extension only: their own names, which a build chose, stay outside. */
async function questionOf(files: readonly InputFile[]): Promise<Buffer[]> {
  const contents: Buffer[] = [];
  for (const file of files) {
    contents.push(readFileSync(file.path));
    await breathe();
  }
  const named = files.map((file, n) => ({ name: `package${extname(file.path)}`, size: contents[n]?.length ?? 0 }));
  const head = Buffer.from(JSON.stringify({ files: named }));
  const lengths = Buffer.alloc(12);
  lengths.writeUInt32BE(head.length, 0);
  lengths.writeBigUInt64BE(BigInt(contents.reduce((sum, one) => sum + one.length, 0)), 4);
  return [lengths, head, ...contents];
}
