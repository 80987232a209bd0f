import { sha256 } from '../../lib/index.ts';
import type { Compression, WholePart } from '../../model/index.ts';
import type { SnapshotTree } from '../tree/tree.ts';
import { makeChunks, type Chunk, type ChunkMemory } from './chunks.ts';

/** The text of an index file that is made as a whole. */
export interface WholeText {
  id: string;
  text: string;
}

/** The texts of the index files of what projects supply in a snapshot: none where nobody supplies anything. */
export async function wholeTexts(
  tree: Pick<SnapshotTree, 'supplied'>,
  wholes: readonly WholePart[],
  root: string,
): Promise<WholeText[]> {
  const supplied = wholes.length === 0 ? [] : await tree.supplied(root);
  return wholes.flatMap((part) => {
    const mine = supplied.filter(({ supplement }) => supplement === part.supplement);
    return mine.length === 0 ? [] : [{ id: part.id, text: part.text(mine) }];
  });
}

/** One chunk, compressed once. */
export async function wholeChunk(
  { id, text }: WholeText,
  { memory, compression }: { memory: ChunkMemory; compression: Compression },
): Promise<Chunk> {
  const key = `${id} ${sha256(text)}`;
  const known = memory.get(key);
  if (known !== undefined) return known;
  const [chunk] = await makeChunks([{ key, text }], compression, { alone: false });
  if (chunk === undefined) throw new Error('a text without a chunk');
  memory.set(chunk.key, chunk);
  return chunk;
}
