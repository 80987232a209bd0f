import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createTurns, errnoOf, fileSystemError, sha256File, TrunklineError } from '../../lib/index.ts';
import { requireTarget, type TrunkContext } from '../context.ts';
import { uploadPackages, type Uploaded } from './upload.ts';

/** A file that arrives, as whoever sends it says. */
export interface ArrivingFile {
  name: string;
  size: number;
  sha256: string;
}

/** A file that has not come yet. `by`: the list among the files that names it; null: it was announced. */
export interface MissingFile extends ArrivingFile {
  by: string | null;
  /** How many bytes of it have come. */
  come: number;
}

export interface ArrivalOrder {
  target: string;
  project: string | null;
  reason: string | null;
  actor: string;
  files: readonly ArrivingFile[];
}

export interface Arrival extends ArrivalOrder {
  id: string;
}

/** Uploads whose files come over a network, each in a directory of its own, until they are whole and published. */
export interface Arrivals {
  /** @throws TrunklineError `invalid_argument`, `payload_too_large`, `rate_limited`, `not_found` for a target that is not there */
  begin(order: ArrivalOrder): Promise<Arrival>;
  /** @throws TrunklineError `not_found`, also for another one's */
  find(id: string, actor: string): Arrival;
  missing(arrival: Arrival): Promise<MissingFile[]>;
  /**
   * Appends what comes to a file; answers how long it then is. One that is whole and another one than was said is thrown away.
   * @throws TrunklineError `precondition_failed` when it does not go on from what is there, `payload_too_large`, `package_invalid`, `not_found`, `no_space`
   */
  take(arrival: Arrival, name: string, piece: { offset: number; body: AsyncIterable<Uint8Array> }): Promise<number>;
  /** Throws away what came; nothing of it is published. @throws TrunklineError `invalid_argument` while a file is on its way */
  abandon(arrival: Arrival): Promise<void>;
  /** Publishes what came, and ends the arrival, whatever comes of it. @throws TrunklineError as `uploadPackages`; `invalid_argument` while files are missing */
  publish(arrival: Arrival, signal: AbortSignal): Promise<Uploaded>;
}

/** Of one upload. */
const MOST_FILES = 500;
const LARGEST_FILE = 4 * 2 ** 30;
const LARGEST = 8 * 2 ** 30;
/** Uploads that arrive at once: of all, and of one user or token. */
const MOST = 20;
const MOST_EACH = 4;
/** Milliseconds without a sign of life. */
const IDLE = 10 * 60_000;
/** What a package file can be called: as `gatherFiles` takes it. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._+~^:%-]{0,254}$/;

interface Kept extends Arrival {
  directory: string;
  /** Files that came whole. */
  whole: Set<string>;
  /** Files that come just now. */
  coming: Set<string>;
  /** What lists among the files name besides. */
  listed: Map<string, ArrivingFile & { by: string }>;
  idle: NodeJS.Timeout;
}

export function openArrivals(context: TrunkContext): Arrivals {
  const kept = new Map<string, Kept>();
  const inTurn = createTurns(2, MOST, { what: 'Too many uploads wait', hint: 'try again later' });
  const end = async (one: Kept) => {
    kept.delete(one.id);
    clearTimeout(one.idle);
    if (one.directory !== '') await rm(one.directory, { recursive: true, force: true });
  };
  const require = ({ id, actor }: { id: string; actor: string }): Kept => {
    const one = kept.get(id);
    if (one?.actor !== actor)
      throw new TrunklineError('not_found', 'There is no such upload, or it took too long', { hint: 'begin it again' });
    one.idle.refresh();
    return one;
  };
  return {
    async begin(order) {
      const target = requireTarget(context.settings, order.target).name;
      check(order.files);
      refuseMany([...kept.values()], order.actor);
      // Its place is taken before anything is waited for.
      const one: Kept = {
        ...{ ...order, target, id: randomUUID(), directory: '' },
        ...{ whole: new Set(), coming: new Set(), listed: new Map() },
        idle: setTimeout(() => void end(one).catch(() => undefined), IDLE).unref(),
      };
      kept.set(one.id, one);
      try {
        one.directory = await makeDirectory(context);
      } catch (error) {
        await end(one);
        throw error;
      }
      return one;
    },
    find: (id, actor) => require({ id, actor }),
    missing: async (arrival) => missingOf(require(arrival)),
    take: (arrival, name, piece) => takePiece(context, require(arrival), name, piece),
    async abandon(arrival) {
      const one = require(arrival);
      refuseIncomplete(one, []);
      await end(one);
    },
    async publish(arrival, signal) {
      const one = require(arrival);
      refuseIncomplete(one, await missingOf(one));
      // Nobody else publishes it, or sends more.
      kept.delete(one.id);
      try {
        const files = one.files.map(({ name }) => join(one.directory, name));
        const { target, project, actor, reason } = one;
        return await inTurn(() => uploadPackages(context, { files, target, project, actor, reason, signal }));
      } catch (error) {
        throw withoutPlace(error, one.directory);
      } finally {
        await end(one);
      }
    },
  };
}

function refuseMany(kept: readonly Kept[], by: string): void {
  if (kept.length < MOST && kept.filter(({ actor }) => actor === by).length < MOST_EACH) return;
  throw new TrunklineError('rate_limited', 'Too many uploads are on their way', {
    hint: 'finish those that were begun, or wait ten minutes',
    retryAfter: 60,
  });
}

function refuseIncomplete({ coming }: Kept, [missing]: readonly MissingFile[]): void {
  if (missing === undefined && coming.size === 0) return;
  throw new TrunklineError('invalid_argument', `${missing?.name ?? 'A file'} is not there yet`, {
    hint: 'send what is missing first',
  });
}

async function takePiece(
  context: TrunkContext,
  one: Kept,
  name: string,
  piece: { offset: number; body: AsyncIterable<Uint8Array> },
): Promise<number> {
  const file = [...one.files, ...one.listed.values()].find((said) => said.name === name);
  if (file === undefined || one.whole.has(name))
    throw new TrunklineError('not_found', `No file ${name.slice(0, 255)} is waited for`, {
      hint: 'ask what is missing',
    });
  if (one.coming.has(name))
    throw new TrunklineError('precondition_failed', `${name} is on its way already`, {
      hint: 'send one piece after the other',
    });
  one.coming.add(name);
  try {
    const length = await append(join(one.directory, name), file, piece, () => one.idle.refresh());
    if (length === file.size) await settle(context, one, file);
    return length;
  } finally {
    one.coming.delete(name);
  }
}

function check(files: readonly ArrivingFile[]): void {
  const refuse = (what: string) =>
    new TrunklineError('invalid_argument', what, { hint: 'name each file once, as it is called' });
  if (files.length === 0 || files.length > MOST_FILES)
    throw refuse(`An upload has from one to ${String(MOST_FILES)} files`);
  if (new Set(files.map(({ name }) => name)).size !== files.length) throw refuse('Two of the files have one name');
  for (const { name } of files)
    if (!NAME.test(name)) throw refuse(`${JSON.stringify(name.slice(0, 255))} cannot be the name of a package file`);
  checkSizes(files);
}

function checkSizes(files: readonly ArrivingFile[]): void {
  const whole = files.reduce((sum, { size }) => sum + size, 0);
  if (whole <= LARGEST && files.every(({ size }) => size <= LARGEST_FILE)) return;
  throw new TrunklineError('payload_too_large', 'The files are too large for one upload', {
    hint: `a file has at most ${String(LARGEST_FILE)} bytes, an upload ${String(LARGEST)}`,
  });
}

async function makeDirectory({ settings }: TrunkContext): Promise<string> {
  const parent = join(settings.localDir, 'scratch');
  try {
    await mkdir(parent, { recursive: true, mode: 0o755 });
    return await mkdtemp(join(parent, 'arriving-'));
  } catch (error) {
    throw fileSystemError(error, parent);
  }
}

async function missingOf({ files, listed, whole, directory }: Kept): Promise<MissingFile[]> {
  const said = [...files.map((file) => ({ ...file, by: null })), ...listed.values()];
  return Promise.all(
    said
      .filter(({ name }) => !whole.has(name))
      .map(async (file) => ({ ...file, come: (await stat(join(directory, file.name)).catch(() => null))?.size ?? 0 })),
  );
}

async function append(
  path: string,
  { name, size }: ArrivingFile,
  { offset, body }: { offset: number; body: AsyncIterable<Uint8Array> },
  alive: () => void,
): Promise<number> {
  const handle = await open(path, 'a', 0o600).catch((error: unknown) => {
    throw fileSystemError(error, path);
  });
  try {
    let length = (await handle.stat()).size;
    if (offset !== length)
      throw new TrunklineError(
        'precondition_failed',
        `${name} has come to byte ${String(length)}, not ${String(offset)}`,
        {
          hint: 'go on from there',
        },
      );
    for await (const piece of body) {
      length += piece.length;
      if (length > size)
        throw new TrunklineError('payload_too_large', `${name} is longer than was said`, {
          hint: 'begin the upload again',
        });
      await handle.writeFile(piece).catch((error: unknown) => {
        throw fileSystemError(error, path);
      });
      alive();
    }
    return length;
  } catch (error) {
    // What came before the connection broke off stays, to be gone on from.
    if (error instanceof TrunklineError || errnoOf(error) !== 'ECONNRESET') throw error;
    throw new TrunklineError('precondition_failed', `${name} broke off`, { hint: 'go on from what has come' });
  } finally {
    await handle.close();
  }
}

/** A file that came whole is the one that was said; of a list, what it names is waited for too. */
async function settle(context: TrunkContext, one: Kept, file: ArrivingFile): Promise<void> {
  const path = join(one.directory, file.name);
  if ((await sha256File(path)) !== file.sha256) {
    await rm(path, { force: true });
    throw new TrunklineError(
      'package_invalid',
      `${file.name} did not come as it was said to be: its SHA-256 is another one`,
      {
        hint: 'send it again from its beginning',
      },
    );
  }
  if (/\.(changes|dsc)$/.test(file.name)) await waitForListed(context, one, file.name);
  one.whole.add(file.name);
}

/** Larger lists are refused where the upload is read. */
const LARGEST_LIST = 8e6;

async function waitForListed(context: TrunkContext, one: Kept, by: string): Promise<void> {
  const format = context.formats[requireTarget(context.settings, one.target).format];
  const path = join(one.directory, by);
  if ((await stat(path)).size > LARGEST_LIST) return;
  const known = new Set([...one.files, ...one.listed.values()].map(({ name }) => name));
  const list = await format.readList(path);
  const files = (list?.files ?? []).map(({ fileName: name, size, sha256 }) => ({ name, size, sha256, by }));
  const more = files.filter(({ name }) => !known.has(name) && NAME.test(name));
  if (known.size + more.length > MOST_FILES)
    throw new TrunklineError('invalid_argument', `${by} names too many files`, { hint: 'upload fewer at once' });
  checkSizes([...one.files, ...one.listed.values(), ...more]);
  for (const file of more) one.listed.set(file.name, file);
}

/** Where files lie here is nothing to whoever sent them. */
function withoutPlace(error: unknown, directory: string): unknown {
  if (!(error instanceof TrunklineError)) return error;
  const plain = (text: string) => text.replaceAll(`${directory}/`, '').replaceAll(directory, 'the upload');
  return new TrunklineError(error.code, plain(error.message), {
    cause: error,
    ...(error.hint === undefined ? {} : { hint: plain(error.hint) }),
    ...(error.where === undefined ? {} : { where: error.where }),
    ...(error.told ? { told: true } : {}),
  });
}
