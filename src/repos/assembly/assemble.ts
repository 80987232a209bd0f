import { createHash, type Hash } from 'node:crypto';
import type { AssembledIndex, Compression, IndexFragment, IndexPart, WholePart } from '../../model/index.ts';
import type { ManifestPackage } from '../manifest.ts';
import type { SnapshotTree } from '../tree/tree.ts';
import { wholeChunk, wholeTexts } from './wholes.ts';
import { createChunkMemory, makeChunk, openChunk, type Chunk, type ChunkMemory } from './chunks.ts';

/** Packages whose entries are compressed together at most: few enough that a change recompresses little, enough that it costs little in size. */
const CHUNK = 256;
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
    if (memory.size === 0) for (const chunk of await options.kept()) memory.set(chunk);
  };
  const nodeChunks = chunksOfNodes(options, memory);

  return {
    assemble: async (root, elsewhere = new Map()) => {
      await recall();
      const count = await tree.count(root);
      const nodes = count === 0 ? [] : await tree.parts(root, CHUNK);
      const alone = nodes.filter(({ hash }) => nodeChunks.known(hash).includes(undefined)).length < 2;
      const byNode: Chunk[][] = [];
      // A few at once: compression runs on other threads.
      for (let start = 0; start < nodes.length; start += 8)
        byNode.push(
          ...(await Promise.all(
            nodes.slice(start, start + 8).map(({ hash }) => nodeChunks.of(hash, elsewhere, { alone })),
          )),
        );
      const entries = await Promise.all(
        parts.map(async (part, n) => {
          const frame = (key: string, text: string) =>
            text === '' ? [] : [makeChunk(`${part.id} ${key}`, text, compression)];
          const head = await Promise.all(frame(`head ${count}`, part.head(count)));
          const tail = await Promise.all(frame('tail', part.tail));
          const middle = byNode.map((chunks) => chunks[n]).filter((chunk) => chunk !== undefined);
          const filled = [...head, ...middle, ...tail].filter((chunk) => chunk.openSize > 0);
          const chunks = filled.length > 0 ? filled : [await makeChunk(`${part.id} nothing`, '', compression)];
          const { trail, ...sums } = await digest(chunks, trails.get(part.id), compression);
          if (elsewhere.size === 0) trails.set(part.id, trail);
          return { id: part.id, compression, chunks, ...sums };
        }),
      );
      return [...entries, ...(await assembleWholes(options, memory, root))];
    },
  };
}

/** The chunks of a subtree, one for each part. */
function chunksOfNodes(options: AssemblerOptions, memory: ChunkMemory) {
  const { tree, parts, compression } = options;
  const known = (node: string) => parts.map((part) => memory.get(`${part.id} ${node}`));
  const of = async (
    node: string,
    elsewhere: ReadonlyMap<string, string>,
    how: { alone: boolean },
  ): Promise<Chunk[]> => {
    const held = known(node);
    const packages = elsewhere.size > 0 || held.includes(undefined) ? await tree.list(node) : [];
    const moved = packages.some((one) => elsewhere.has(one.sha256));
    if (!moved && !held.includes(undefined)) return held.filter((one) => one !== undefined);
    const fragments = await options.fragmentsOf(packages);
    const entries = packages.map((one, n) => ({
      fragment: fragments[n] ?? {},
      href: elsewhere.get(one.sha256) ?? options.hrefOf(one),
    }));
    return Promise.all(
      parts.map(async (part) => {
        const text = entries.map((entry) => part.entry(entry)).join('');
        const chunk = await makeChunk(`${part.id} ${node}${moved ? ' elsewhere' : ''}`, text, compression, how);
        if (!moved) memory.set(chunk);
        return chunk;
      }),
    );
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
