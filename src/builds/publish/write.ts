import { findSnapshot } from '../../db/index.ts';
import type { Target } from '../../model/index.ts';
import type { TrunkContext } from '../context.ts';

/** A snapshot that is written, and not recorded yet. */
export interface WrittenSnapshot {
  target: string;
  hash: string;
  /** The snapshot it follows. */
  parentHash: string | null;
  packageCount: number;
  /** Seconds since the epoch: what its index says. */
  indexTime: number;
}

/** Writes the snapshot `hash` that follows `parent`. One that was published before says what it said then. */
export async function writeNext(
  context: TrunkContext,
  target: Target,
  { hash, parent, stored }: { hash: string; parent: string | null; stored?: Promise<unknown> },
): Promise<WrittenSnapshot> {
  const repository = context.repository(target);
  const known = (await findSnapshot(context.db, target.name, hash))?.indexTime ?? null;
  const time = known ?? Math.trunc(context.now() / 1000);
  const after = known === null ? parent : null;
  const indexTime = await repository.writeSnapshot(hash, { time, after, ...(stored === undefined ? {} : { stored }) });
  return { target: target.name, hash, parentHash: parent, packageCount: await repository.count(hash), indexTime };
}
