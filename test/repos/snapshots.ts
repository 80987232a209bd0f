import type { PackageFile } from '../../src/model/index.ts';
import type { NodeStore, Repository } from '../../src/repos/index.ts';

/** Nodes in memory, as a database keeps them. */
export function memoryNodes(): NodeStore & { texts: Map<string, string> } {
  const texts = new Map<string, string>();
  return {
    texts,
    read: (hashes) => Promise.resolve(new Map([...texts].filter(([hash]) => hashes.includes(hash)))),
    write: (nodes) => {
      for (const [hash, text] of nodes) texts.set(hash, text);
      return Promise.resolve();
    },
  };
}

/** The snapshot that follows `parent` with a project's packages, written. Answers its hash. */
export async function publish(
  repository: Repository,
  files: readonly PackageFile[],
  options: { project?: string; sequence?: number; parent?: string | null; after?: string | null; time?: number } = {},
): Promise<string> {
  const { project = 'one', sequence = 1, parent = null, after = parent, time = 1_790_000_000 } = options;
  const hash = await repository.next(parent, { project, sequence, packages: files });
  await repository.writeSnapshot(hash, { time, after });
  return hash;
}
