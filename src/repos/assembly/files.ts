import { linkSync, lstatSync, mkdirSync, symlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { allEnded, createMemory, errnoOf, type LastingFiles } from '../../lib/index.ts';
import type { AssembledIndex, Compression, IndexPart, PackageFormat } from '../../model/index.ts';
import { linkTarget } from '../layout.ts';
import type { Assembly } from './assemble.ts';
import type { Chunk } from './chunks.ts';

/** What the index files of a directory are made of, beside them. */
export const RECORD = 'indices.json';
/** Raised when the same packages would be written otherwise, so that no chunk of before is used again. */
const FORM = 1;

const sum = z.object({ sha256: z.string(), size: z.int() });
const recordSchema = z.object({
  form: z.int(),
  /** Seconds since the epoch: what the index says. */
  time: z.int(),
  indices: z.array(
    z.object({
      id: z.string(),
      compression: z.enum(['gzip', 'zstd']),
      open: sum,
      closed: sum,
      /** Key, uncompressed and compressed size of each chunk. */
      chunks: z.array(z.tuple([z.string(), z.int(), z.int()])),
    }),
  ),
});
export type IndexRecord = z.infer<typeof recordSchema>;

/**
 * Writes the index files of a snapshot below `directory`, and the record of what they are made of, which it answers. With `byHash` each is also put there
 * under its digest, and the places in which clients look for digests are links to it.
 */
export async function writeIndices(
  directory: string,
  assemblies: readonly Assembly[],
  options: { files: LastingFiles; format: PackageFormat; time: number; byHash: string | null },
): Promise<IndexRecord> {
  const { files, format, time, byHash } = options;
  const record: IndexRecord = { form: FORM, time, indices: assemblies.map(describe) };
  await allEnded([
    files.write(join(directory, RECORD), [`${JSON.stringify(record)}\n`]),
    ...assemblies.map(async (assembly) => {
      const path = join(directory, format.indexPath(assembly));
      await files.write(
        path,
        assembly.chunks.map((chunk) => chunk.closed),
      );
      const place = format.layout.byHash?.(assembly);
      if (place === undefined || byHash === null) return;
      mkdirSync(byHash, { recursive: true });
      linkUnlessThere(path, join(byHash, assembly.closed.sha256));
    }),
  ]);
  return record;
}

/** Links from the places in which clients look for index files by digest to `byHash`; `directory` is what they will lie in when it has its name. */
export function linkByHash(
  staged: string,
  directory: string,
  assemblies: readonly AssembledIndex[],
  options: { format: PackageFormat; byHash: string },
): void {
  const places = new Set(
    assemblies.map((one) => options.format.layout.byHash?.(one)).filter((one) => one !== undefined),
  );
  for (const place of places) {
    mkdirSync(dirname(join(staged, place)), { recursive: true });
    symlinkSync(linkTarget(join(directory, place), options.byHash), join(staged, place));
  }
}

/** What stands in a directory that `writeIndices` wrote; null where there is nothing. */
export async function readIndices(directory: string): Promise<IndexRecord | null> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(join(directory, RECORD), 'utf8')));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Records that were read last, with what tells that their files are still the same: a record is never changed, only made anew with its directory. */
const recent = createMemory<{ version: string; record: IndexRecord }>(8, () => 1);

/** The same, without reading again what this process has read or written: for whoever only needs to know what it says. */
export async function knownIndices(directory: string): Promise<IndexRecord | null> {
  const version = versionOf(directory);
  if (version === null) return null;
  const known = recent.get(directory);
  if (known?.version === version) return known.record;
  const record = await readIndices(directory);
  if (record !== null) recent.set(directory, { version, record });
  return record;
}

/** Spares `knownIndices` reading the record that `writeIndices` has answered, once `directory` has its name. */
export function rememberIndices(directory: string, record: IndexRecord): void {
  const version = versionOf(directory);
  if (version !== null) recent.set(directory, { version, record });
}

function versionOf(directory: string): string | null {
  const status = lstatSync(join(directory, RECORD), { throwIfNoEntry: false });
  return status === undefined ? null : [status.ino, status.ctimeMs, status.size].join(' ');
}

/**
 * The chunks of the index files of a directory, so that they need not be compressed again. Empty where the directory is not there, damaged, or has other
 * index files than `parts`: the same packages stand elsewhere when a target's components change.
 */
export async function keptChunks(
  directory: string,
  { format, parts, compression }: { format: PackageFormat; parts: readonly IndexPart[]; compression: Compression },
): Promise<Chunk[]> {
  const record = await readIndices(directory).catch(() => null);
  if (record?.form !== FORM || !haveParts(record, format, parts)) return [];
  const found: Chunk[] = [];
  for (const index of record.indices.filter((one) => one.compression === compression)) {
    const content = await readFile(join(directory, format.indexPath(index))).catch(() => null);
    if (content?.length !== index.closed.size) continue;
    let offset = 0;
    for (const [key, openSize, size] of index.chunks) {
      found.push({ key, openSize, closed: content.subarray(offset, offset + size), open: null });
      offset += size;
    }
  }
  return found;
}

function haveParts(record: IndexRecord, format: PackageFormat, parts: readonly IndexPart[]): boolean {
  const wholes = new Set(format.wholeParts.map(({ id }) => id));
  const found = record.indices.map(({ id }) => id).filter((id) => !wholes.has(id));
  return found.join('\n') === parts.map(({ id }) => id).join('\n');
}

function describe({ id, compression, open: opened, closed, chunks }: Assembly): IndexRecord['indices'][number] {
  return {
    ...{ id, compression, open: opened, closed },
    chunks: chunks.map((chunk) => [chunk.key, chunk.openSize, chunk.closed.length]),
  };
}

function linkUnlessThere(path: string, link: string): void {
  try {
    linkSync(path, link);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}
