import { availableParallelism } from 'node:os';
import type { IndexFragment, PackageFile, PackageIdentity } from '../../model/index.ts';
import { breathe, createMemory, inParallel, TrunklineError } from '../../lib/index.ts';
import { openInput, type InputFile } from './confined-reading.ts';

/** All that one confined reading finds out about a file: both answers of the port come from it. */
export interface Inspection {
  identity: PackageIdentity;
  fragment: IndexFragment;
}

/** Reads files in one jail, in the order given; each digest occurs once. */
export type Inspect = (files: readonly InputFile[]) => Promise<Inspection[]>;

export interface Inspector {
  inspect(files: readonly InputFile[]): Promise<Inspection[]>;
  fragments(files: readonly PackageFile[]): Promise<IndexFragment[]>;
}

/** Files read in one jail at most, and their bytes unless it is one file. */
const BATCH = { files: 1000, bytes: 256 * 1024 ** 2 };
/** Characters of fragments remembered between `identify` and `fragments` (those of 50,000 small packages), and the milliseconds without use after which none is. */
const REMEMBERED = 200e6;
const IDLE = 60_000;

/** Puts a short memory, batches and a second look in front of a format's reading, so that `identify` and `fragments` cost one jail, not two. */
export function createInspector(read: Inspect): Inspector {
  const memory = createMemory(REMEMBERED, weigh, { idle: IDLE });
  const inspect = async (files: readonly InputFile[]) => {
    const found = new Map<string, Inspection>();
    const unread = new Map<string, InputFile>();
    for (const file of files) {
      const known = memory.get(file.sha256);
      if (known === undefined) unread.set(file.sha256, file);
      else found.set(file.sha256, known);
    }
    await inParallel(availableParallelism(), batchesOf([...unread.values()]), async (batch) => {
      const inspections = await readSeparatelyIfNeeded(read, batch);
      batch.forEach((file, n) => {
        const inspection = inspections[n];
        if (inspection === undefined) throw new Error(`no inspection of ${file.path}`);
        found.set(file.sha256, inspection);
        memory.set(file.sha256, inspection);
      });
    });
    return files.map((file) => found.get(file.sha256)).filter((one) => one !== undefined);
  };
  const fragments = async (files: readonly PackageFile[]) => {
    const inputs: InputFile[] = [];
    for (const file of files) {
      inputs.push(memory.has(file.sha256) ? file : await openUnchanged(file));
      await breathe();
    }
    return (await inspect(inputs)).map((inspection) => inspection.fragment);
  };
  return { inspect, fragments };
}

function batchesOf(files: readonly InputFile[]): InputFile[][] {
  // As many in each, so that none is left for a jail of its own at the end.
  const most = Math.ceil(files.length / Math.ceil(files.length / BATCH.files));
  const batches: InputFile[][] = [];
  let bytes = 0;
  for (const file of files) {
    const last = batches.at(-1);
    bytes += file.size;
    if (last !== undefined && last.length < most && bytes <= BATCH.bytes) last.push(file);
    else {
      batches.push([file]);
      bytes = file.size;
    }
  }
  return batches;
}

/** One file over a limit must not take the blame of its neighbours: what fails together is read again one by one. */
async function readSeparatelyIfNeeded(read: Inspect, batch: readonly InputFile[]): Promise<Inspection[]> {
  try {
    return await read(batch);
  } catch (error) {
    const ofOne = error instanceof TrunklineError && ['package_invalid', 'process_failed'].includes(error.code);
    if (batch.length < 2 || !ofOne) throw error;
    const inspections: Inspection[] = [];
    for (const file of batch) inspections.push(...(await read([file])));
    return inspections;
  }
}

function weigh({ fragment }: Inspection): number {
  return Object.values(fragment).reduce((sum, text) => sum + text.length, 1000);
}

async function openUnchanged(file: PackageFile): Promise<InputFile> {
  const input = await openInput(file.path);
  if (input.sha256 === file.sha256) return input;
  throw new TrunklineError('package_invalid', `${file.path} has changed since it was identified`, {
    where: file.path,
    hint: 'nothing may write to packages after the build; run the build again',
  });
}
