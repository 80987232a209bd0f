import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { sha256 } from '../../../src/lib/index.ts';
import type { AssembledIndex, IndexEntry, IndexOptions, PackageFormat } from '../../../src/model/index.ts';

/** A repository's index, each file compressed as a whole, below `directory`. */
export async function writeIndex(
  format: PackageFormat,
  directory: string,
  entries: readonly IndexEntry[],
  options: IndexOptions & { components?: readonly string[] },
): Promise<void> {
  const indices: AssembledIndex[] = [];
  const write = async (path: string, content: string | Buffer) => {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  };
  for (const part of format.indexParts({ components: ['main'], ...options })) {
    const open = Buffer.from(
      part.head(entries.length) + entries.map((entry) => part.entry(entry)).join('') + part.tail,
    );
    const closed = gzipSync(open);
    const index = {
      ...{ id: part.id, compression: 'gzip' as const },
      open: { sha256: sha256(open), size: open.length },
      closed: { sha256: sha256(closed), size: closed.length },
    };
    indices.push(index);
    await write(format.indexPath(index), closed);
  }
  const first = format.indexOfIndices(indices, options);
  await write(first.path, first.content);
}
