import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { decompress, errnoOf, sha256 } from '../../lib/index.ts';
import type { IndexEntry, PackageFormat } from '../../model/index.ts';
import type { IndexRecord, WholeText } from '../assembly/index.ts';
import type { Finding } from './finding.ts';

export const REMEDY =
  'remove the directory of the snapshot (deb: the file in by-hash/ too); the next trunkline run writes it again';

export interface IndexCheck {
  /** The target's directory, which paths in findings are below. */
  directory: string;
  /** The snapshot's. */
  snapshot: string;
  /** deb: where index files lie by digest. */
  byHash: string | null;
  format: PackageFormat;
  architectures: readonly string[];
  record: IndexRecord;
  /** The texts of index files that are made as a whole. */
  wholes: readonly WholeText[];
  /** What has to stand in the index, in order; null where an entry could not be made. */
  entries: readonly { fullName: string; entry: IndexEntry | null }[];
}

/** Compares every index file with the digests that the record has, and with what the packages themselves say has to stand in it. */
export async function checkIndices(check: IndexCheck): Promise<Finding[]> {
  const { format, record } = check;
  const findings: Finding[] = [];
  const where = relative(check.directory, check.snapshot);
  // Those it was written with: a target's components may be others by now.
  const components = format.componentsOf(record.indices);
  const expected = [
    ...format.indexParts({ architectures: check.architectures, components }).map((part) => ({
      id: part.id,
      compare: (text: string, path: string) => compareEntries(check, part, text, path),
    })),
    ...check.wholes.map((whole) => ({
      id: whole.id,
      compare: (text: string, path: string) => compareWhole(whole, text, path),
    })),
  ];
  for (const { id, compare } of expected) {
    const index = record.indices.find((one) => one.id === id);
    if (index === undefined)
      findings.push({ kind: 'index_missing', where, what: `it has no index ${id}`, remedy: REMEDY });
    else findings.push(...(await checkIndex(check, index, compare)));
  }
  for (const { id } of record.indices.filter((one) => !expected.some((part) => part.id === one.id)))
    findings.push({ kind: 'index_wrong', where, what: `it has an index ${id} that nobody supplies`, remedy: REMEDY });
  return findings;
}

type Part = ReturnType<PackageFormat['indexParts']>[number];
type Index = IndexRecord['indices'][number];

async function checkIndex(
  check: IndexCheck,
  index: Index,
  compare: (text: string, where: string) => Finding[],
): Promise<Finding[]> {
  const path = join(check.snapshot, check.format.indexPath(index));
  const findings: Finding[] = [];
  const closed = await fileWith(check, path, index, findings);
  const link = check.format.layout.byHash?.(index);
  if (link !== undefined && check.byHash !== null)
    await fileWith(check, join(check.snapshot, link, index.closed.sha256), index, findings);
  if (closed === null) return findings;
  const where = relative(check.directory, path);
  const text = await decompressed(closed, index).catch(() => null);
  if (text === null || sha256(text) !== index.open.sha256)
    return [
      ...findings,
      { kind: 'index_damaged', where, what: 'what it unpacks to has another SHA-256', remedy: REMEDY },
    ];
  return [...findings, ...compare(text.toString('utf8'), where)];
}

/** The content of an index file, when it has the digest it is to have. */
async function fileWith(check: IndexCheck, path: string, index: Index, findings: Finding[]): Promise<Buffer | null> {
  const where = relative(check.directory, path);
  const content = await readFile(path).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR'].includes(errnoOf(error) ?? '')) return null;
    throw error;
  });
  if (content === null) {
    findings.push({ kind: 'index_missing', where, what: 'it is not there', remedy: REMEDY });
    return null;
  }
  const digest = sha256(content);
  if (digest === index.closed.sha256) return content;
  const what = `its SHA-256 is ${digest} and not ${index.closed.sha256}`;
  findings.push({ kind: 'index_damaged', where, what, remedy: REMEDY });
  return null;
}

/** Chunk by chunk, each to the size it is to have. */
async function decompressed(closed: Buffer, index: Index): Promise<Buffer> {
  const open: Buffer[] = [];
  let offset = 0;
  for (const [, openSize, size] of index.chunks) {
    const chunk = closed.subarray(offset, offset + size);
    open.push(await decompress(chunk, index.compression, { most: openSize }));
    offset += size;
  }
  if (offset !== closed.length) throw new Error('there is something behind the last chunk');
  return Buffer.concat(open);
}

function compareWhole(whole: WholeText, text: string, where: string): Finding[] {
  if (text === whole.text) return [];
  return [{ kind: 'index_wrong', where, what: 'it is not what the projects supply', remedy: REMEDY }];
}

/** The index as it has to be, compared with the one that is there, entry by entry where they differ. */
function compareEntries(check: IndexCheck, part: Part, text: string, where: string): Finding[] {
  const expected = check.entries.map(({ fullName, entry }) => ({
    fullName,
    text: entry === null ? null : part.entry(entry),
  }));
  const whole = `${part.head(check.entries.length)}${expected.map((one) => one.text ?? '').join('')}${part.tail}`;
  if (whole === text) return [];
  const wrong = expected.filter((one) => one.text !== null && one.text !== '' && !text.includes(one.text));
  const findings = wrong.map(({ fullName }): Finding => {
    const what = `its entry for ${fullName} is not what the package says`;
    return { kind: 'index_wrong', where, what, remedy: REMEDY };
  });
  const unknown = expected.some((one) => one.text === null);
  if (findings.length > 0 || unknown) return findings;
  return [{ kind: 'index_wrong', where, what: 'it has entries that no package of the snapshot has', remedy: REMEDY }];
}
