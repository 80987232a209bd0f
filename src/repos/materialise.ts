import { stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { errnoOf, namesIn, waitedForLater } from '../lib/index.ts';
import { RECORD, type Assembler } from './assembly/index.ts';
import type { Components } from './components.ts';
import type { Layout } from './layout.ts';
import { snapshotClientFiles, type RefMaker } from './refs.ts';
import type { Repository } from './repository.ts';
import {
  placeSnapshot,
  removeSnapshot,
  snapshotDirectory,
  snapshotIndices,
  type SnapshotContent,
} from './snapshots.ts';
import type { SnapshotTree } from './tree/tree.ts';

type Functions = Pick<
  Repository,
  'writeSnapshot' | 'materialise' | 'dematerialise' | 'isMaterialised' | 'materialised' | 'materialisedAt'
>;

type Begun = Pick<SnapshotContent, 'assemblies' | 'durable'>;

/** Snapshots as files; their packages were admitted. */
export function snapshotFiles(parts: {
  maker: RefMaker;
  tree: SnapshotTree;
  assembler: Assembler;
  components: Components;
}): Functions {
  const { maker, tree, assembler } = parts;
  const { components } = parts.components;
  const { layout } = maker;
  const write = async (hash: string, time: number, { assemblies, durable }: Begun) => {
    const clientFiles = await snapshotClientFiles(maker, hash, components);
    await placeSnapshot(maker, hash, { assemblies, clientFiles, time, durable });
  };
  return {
    writeSnapshot: async (hash, { time, after, stored }) => {
      const assemblies = waitedForLater(assembler.assemble(hash));
      // Writing the list keeps this thread, which has nothing else to do while files are being made to last.
      const durable = () => Promise.all([turn().then(() => tree.keep(hash)), stored]);
      const [there, before] = await Promise.all([
        snapshotIndices(layout, hash),
        after === null ? null : snapshotIndices(layout, after),
      ]);
      const stamp = there?.time ?? (before === null ? time : Math.max(time, before.time + 1));
      if (there === null) await write(hash, stamp, { assemblies, durable });
      else await durable();
      return stamp;
    },
    materialise: async (hash, time) => {
      if ((await snapshotIndices(layout, hash)) !== null) await renew(layout, hash);
      else
        await write(hash, time, {
          assemblies: waitedForLater(assembler.assemble(hash)),
          durable: () => Promise.resolve(),
        });
    },
    dematerialise: (hash) => removeSnapshot(layout, hash),
    isMaterialised: async (hash) => (await snapshotIndices(layout, hash)) !== null,
    materialised: async () => (await namesIn(layout.snapshots)).filter((name) => /^[0-9a-f]{64}$/.test(name)),
    materialisedAt: (hash) => writtenAt(layout, hash),
  };
}

/** The record of a snapshot's files is written with them, and no link to it is ever made: when it was changed last is when they were asked for. */
async function writtenAt(layout: Layout, hash: string): Promise<number | null> {
  try {
    return (await stat(join(snapshotDirectory(layout, hash), RECORD))).ctimeMs;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** What HTTP says of its age stays. */
async function renew(layout: Layout, hash: string): Promise<void> {
  const path = join(snapshotDirectory(layout, hash), RECORD);
  const { atime, mtime } = await stat(path);
  await utimes(path, atime, mtime);
}
