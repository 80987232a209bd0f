import { join } from 'node:path';
import { countNodeRemovals, readNodes, writeNodes, type Db } from '../db/index.ts';
import { createDiskStore } from '../drivers/stores/disk/index.ts';
import type { FormatName, PackageFormat, Settings, Signer, Target } from '../model/index.ts';
import { openRepository, type Repository } from '../repos/index.ts';

/** The repositories of a deployment: one object for each target, which remembers parts of its snapshots. */
export interface Repositories {
  of: (target: Target) => Repository;
  /** Forgets what others may have removed since. To be called under a name that keeps removals out, before anything is written. */
  catchUp: () => Promise<void>;
}

export function openRepositories(
  settings: Settings,
  { signer, db, formats }: { signer: Signer | null; db: Db; formats: Readonly<Record<FormatName, PackageFormat>> },
): Repositories {
  const opened = new Map<string, Repository>();
  const open = (target: Target) => {
    const directory = join(settings.dataDir, 'repos', target.name);
    const base = settings.baseUrl ?? `file://${join(settings.dataDir, 'repos')}`;
    return openRepository({
      directory,
      target,
      format: formats[target.format],
      store: createDiskStore({ directory: join(directory, 'pool') }),
      nodes: { read: (hashes) => readNodes(db, hashes), write: (nodes) => writeNodes(db, nodes) },
      url: `${base}/${target.name}`,
      signer,
      compression: target.compression,
      validFor: target.validFor,
      components: target.components,
    });
  };
  let removals: number | null = null;
  return {
    of: (target) => {
      const known = opened.get(target.name) ?? open(target);
      opened.set(target.name, known);
      return known;
    },
    catchUp: async () => {
      const now = await countNodeRemovals(db);
      if (removals !== now) for (const repository of opened.values()) repository.forget();
      removals = now;
    },
  };
}
