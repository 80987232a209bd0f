import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256File, TrunklineError } from '../lib/index.ts';
import type { PackageFormat } from '../model/index.ts';
import { readIndices } from './assembly/index.ts';

/** A file of a repository besides its packages, as clients look for it: `path` is below the top. */
export interface IndexFile {
  path: string;
  sha256: string;
  /** Bytes. */
  size: number;
}

/**
 * What a snapshot or candidate in `directory` has besides its packages, without signatures and client files: enough to make the same repository
 * elsewhere. Where clients look for a file by digest it is listed there too. @throws TrunklineError `not_found` when it does not exist as files
 */
export async function indexFiles(format: PackageFormat, directory: string): Promise<IndexFile[]> {
  const record = await readIndices(directory);
  if (record === null)
    throw new TrunklineError('not_found', 'The repository does not exist as files', { where: directory });
  const top = format.indexOfIndices(record.indices, { time: record.time, architectures: [], origin: '' }).path;
  const [sha256, { size }] = await Promise.all([sha256File(join(directory, top)), stat(join(directory, top))]);
  const listed = record.indices.flatMap((index) => {
    const file = { sha256: index.closed.sha256, size: index.closed.size };
    const place = format.layout.byHash?.(index);
    const byHash = place === undefined ? [] : [{ path: `${place}/${file.sha256}`, ...file }];
    return [{ path: format.indexPath(index), ...file }, ...byHash];
  });
  return [...listed, { path: top, sha256, size }];
}
