import type { IndexFragment, PackageFile, PackageIdentity } from '../../model/index.ts';
import { TrunklineError } from '../../lib/index.ts';
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

/** Files read in one jail at most. */
const BATCH = 100;
/** Inspections remembered between `identify` and `fragments`: more than a build leaves. */
const REMEMBERED = 128;

/** Puts a short memory, batches and a second look in front of a format's reading, so that `identify` and `fragments` cost one jail, not two. */
export function createInspector(read: Inspect): Inspector {
  const memory = new Map<string, Inspection>();
  const inspect = async (files: readonly InputFile[]) => {
    const found = new Map<string, Inspection>();
    const unread = new Map<string, InputFile>();
    for (const file of files) {
      const known = memory.get(file.sha256);
      if (known === undefined) unread.set(file.sha256, file);
      else found.set(file.sha256, known);
    }
    const queue = [...unread.values()];
    for (let start = 0; start < queue.length; start += BATCH) {
      const batch = queue.slice(start, start + BATCH);
      const inspections = await readSeparatelyIfNeeded(read, batch);
      batch.forEach((file, n) => {
        const inspection = inspections[n];
        if (inspection === undefined) throw new Error(`no inspection of ${file.path}`);
        found.set(file.sha256, inspection);
        remember(memory, file.sha256, inspection);
      });
    }
    return files.map((file) => found.get(file.sha256)).filter((one) => one !== undefined);
  };
  const fragments = async (files: readonly PackageFile[]) => {
    const inputs = await Promise.all(
      files.map((file) => (memory.has(file.sha256) ? Promise.resolve(file) : openUnchanged(file))),
    );
    return (await inspect(inputs)).map((inspection) => inspection.fragment);
  };
  return { inspect, fragments };
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

function remember(memory: Map<string, Inspection>, digest: string, inspection: Inspection): void {
  memory.set(digest, inspection);
  for (const oldest of memory.keys()) {
    if (memory.size <= REMEMBERED) break;
    memory.delete(oldest);
  }
}

async function openUnchanged(file: PackageFile): Promise<InputFile> {
  const input = await openInput(file.path);
  if (input.sha256 === file.sha256) return input;
  throw new TrunklineError('package_invalid', `${file.path} has changed since it was identified`, {
    where: file.path,
    hint: 'nothing may write to packages after the build; run the build again',
  });
}
