import { createHash, type Hash } from 'node:crypto';
import { breathe } from '../../lib/index.ts';
import type { AssembledIndex, Compression, IndexFragment, IndexPart, WholePart } from '../../model/index.ts';
import type { ManifestPackage } from '../manifest.ts';
import type { Part, SnapshotTree } from '../tree/tree.ts';
import { wholeChunk, wholeTexts } from './wholes.ts';
import { chunkOf, createChunkMemory, makeChunks, openChunk, type Chunk, type ChunkMemory } from './chunks.ts';

/**
 * Packages whose entries are compressed together: few enough that a change recompresses little, enough that it costs little in size (13 % more than
 * createrepo_c's whole files at 1,500 packages), and, of many packages, that there are not too many chunks.
 */
const CHUNKS = { few: { most: 256, group: 48 }, many: { most: 256, group: 256 } } as const;
const FEW = 4096;
/** The running hashes are kept at so many places of an index file at most, so that the next assembly goes on from there. */
const CHECKPOINTS = 64;

/** An index file in memory. */
export interface Assembly extends AssembledIndex {
  chunks: readonly Chunk[];
}

export interface AssemblerOptions {
  tree: SnapshotTree;
  parts: readonly IndexPart[];
  /** The index files of what projects supply besides packages. */
  wholes: readonly WholePart[];
  compression: Compression;
  fragmentsOf(packages: readonly ManifestPackage[]): Promise<readonly IndexFragment[]>;
  hrefOf(one: ManifestPackage): string;
  /** Asked once, when nothing is in memory: the chunks of a snapshot that lies there as files. */
  kept(): Promise<readonly Chunk[]>;
}

export interface Assembler {
  /**
   * The index files of a snapshot. They are a function of its packages and what is supplied with them: the same snapshot has the same files, as long as the same compressor made
   * them. Packages named in `elsewhere` (by digest) stand at another href than usual.
   */
  assemble(root: string, elsewhere?: ReadonlyMap<string, string>): Promise<Assembly[]>;
}

interface Checkpoint {
  /** The chunks before it, by number. */
  length: number;
  open: Hash;
  openSize: number;
  closed: Hash;
  closedSize: number;
}

/** How an index file was hashed the last time. */
interface Trail {
  keys: readonly string[];
  checkpoints: readonly Checkpoint[];
}

export function createAssembler(options: AssemblerOptions): Assembler {
  const { tree, parts, compression } = options;
  const trails = new Map<string, Trail>();
  const memory = createChunkMemory(() => {
    trails.clear();
  });
  const recall = async () => {
    if (memory.size === 0) for (const chunk of await options.kept()) memory.set(chunk.key, chunk);
  };
  const treeChunks = chunksOfTree(options, memory);

  return {
    assemble: async (root, elsewhere = new Map()) => {
      await recall();
      const count = await tree.count(root);
      const nodes = count === 0 ? [] : await tree.parts(root, count <= FEW ? CHUNKS.few : CHUNKS.many);
      const alone = nodes.filter(({ key }) => treeChunks.known(key).includes(undefined)).length < 2;
      const byNode: Chunk[][] = [];
      // A few at once: compression runs on other threads.
      for (let start = 0; start < nodes.length; start += 8)
        byNode.push(
          ...(await Promise.all(
            nodes.slice(start, start + 8).map((part) => treeChunks.of(part, elsewhere, { alone })),
          )),
        );
      const entries = await Promise.all(
        parts.map(async (part, n) => {
          const frame = (key: string, text: string) => chunkOf(memory, `${part.id} ${key}`, text, compression);
          const [head, tail] = [frame(`head ${count}`, part.head(count)), frame('tail', part.tail)];
          const middle = byNode.map((chunks) => chunks[n]).filter((chunk) => chunk !== undefined);
          const filled = [head, ...middle, tail].filter((chunk) => chunk.openSize > 0);
          const chunks = filled.length > 0 ? filled : [frame('nothing', '')];
          const { trail, ...sums } = await digest(chunks, trails.get(part.id), compression);
          if (elsewhere.size === 0) trails.set(part.id, trail);
          return { id: part.id, compression, chunks, ...sums };
        }),
      );
      return [...entries, ...(await assembleWholes(options, memory, root))];
    },
  };
}

/** The chunks of a part of the tree, one for each index file. */
function chunksOfTree(options: AssemblerOptions, memory: ChunkMemory) {
  const { tree, parts, compression } = options;
  const known = (key: string) => parts.map((part) => memory.get(`${part.id} ${key}`));
  const listOf = async ({ nodes }: Part) => (await Promise.all(nodes.map((node) => tree.list(node)))).flat();
  const of = async (some: Part, elsewhere: ReadonlyMap<string, string>, how: { alone: boolean }): Promise<Chunk[]> => {
    const held = known(some.key);
    const packages = elsewhere.size > 0 || held.includes(undefined) ? await listOf(some) : [];
    const moved = packages.some((one) => elsewhere.has(one.sha256));
    if (!moved && !held.includes(undefined)) return held.filter((one) => one !== undefined);
    const fragments = await options.fragmentsOf(packages);
    const entries = packages.map((one, n) => ({
      fragment: fragments[n] ?? {},
      href: elsewhere.get(one.sha256) ?? options.hrefOf(one),
    }));
    const texts = parts.map((part) => ({
      key: `${part.id} ${some.key}${moved ? ' elsewhere' : ''}`,
      text: entries.map((entry) => part.entry(entry)).join(''),
    }));
    const chunks = await makeChunks(texts, compression, how);
    if (!moved) for (const chunk of chunks) memory.set(chunk.key, chunk);
    return chunks;
  };
  return { known, of };
}

/** The index files of what projects supply, each one chunk. */
async function assembleWholes(
  { tree, wholes, compression }: AssemblerOptions,
  memory: ChunkMemory,
  root: string,
): Promise<Assembly[]> {
  const made: Assembly[] = [];
  for (const whole of await wholeTexts(tree, wholes, root)) {
    const chunks = [await wholeChunk(whole, { memory, compression })];
    const { open, closed } = await digest(chunks, undefined, compression);
    made.push({ id: whole.id, compression, chunks, open, closed });
  }
  return made;
}

/** Hashes an index file, going on from the last checkpoint before its first new chunk. */
async function digest(
  chunks: readonly Chunk[],
  before: Trail | undefined,
  compression: Compression,
): Promise<Pick<AssembledIndex, 'open' | 'closed'> & { trail: Trail }> {
  const keys = chunks.map((chunk) => chunk.key);
  const common = commonLength(keys, before?.keys ?? []);
  const usable = (before?.checkpoints ?? []).filter((checkpoint) => checkpoint.length <= common);
  const from = usable.at(-1);
  const open = from?.open.copy() ?? createHash('sha256');
  const closed = from?.closed.copy() ?? createHash('sha256');
  let [openSize, closedSize] = [from?.openSize ?? 0, from?.closedSize ?? 0];
  const checkpoints = [...usable];
  const every = Math.ceil(chunks.length / CHECKPOINTS);
  for (const [n, chunk] of chunks.slice(from?.length ?? 0).entries()) {
    const length = n + 1 + (from?.length ?? 0);
    open.update(await openChunk(chunk, compression));
    closed.update(chunk.closed);
    await breathe();
    openSize += chunk.openSize;
    closedSize += chunk.closed.length;
    if (length % every === 0)
      checkpoints.push({ length, open: open.copy(), openSize, closed: closed.copy(), closedSize });
  }
  return {
    open: { sha256: open.digest('hex'), size: openSize },
    closed: { sha256: closed.digest('hex'), size: closedSize },
    trail: { keys, checkpoints },
  };
}

function commonLength(a: readonly string[], b: readonly string[]): number {
  const first = a.findIndex((key, n) => key !== b[n]);
  return first === -1 ? a.length : first;
}
