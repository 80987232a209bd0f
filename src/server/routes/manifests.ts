import type { TrunkContext } from '../../builds/index.ts';
import { createTurns, type Turns } from '../../lib/index.ts';
import type { Target } from '../../model/index.ts';
import type { ManifestPackage } from '../../repos/index.ts';

/** Lists of packages kept for the next page of one: reading 50,000 out of a tree takes a second, and they never change. */
const KEPT = 2;
/** Trees of snapshots that are read at once, and requests that wait. */
const AT_ONCE = 2;
const WAITING = 20;

/** Makes turns for what reads whole snapshots. */
export const readingTurns = () =>
  createTurns(AT_ONCE, WAITING, { what: 'Too many snapshots are being read', hint: 'try again in a few seconds' });

/** Reads what is in snapshots, sorted by full name and digest. */
export function createManifests(
  trunk: TrunkContext,
  inTurn: Turns,
): (target: Target, hash: string) => Promise<ManifestPackage[]> {
  const kept = new Map<string, Promise<ManifestPackage[]>>();
  return (target, hash) => {
    const key = `${target.name} ${hash}`;
    const known = kept.get(key);
    kept.delete(key);
    const read = known ?? inTurn(() => sorted(trunk, target, hash));
    kept.set(key, read);
    read.catch(() => kept.delete(key));
    for (const oldest of kept.keys()) if (kept.size > KEPT) kept.delete(oldest);
    return read;
  };
}

async function sorted(trunk: TrunkContext, target: Target, hash: string): Promise<ManifestPackage[]> {
  const { packages } = await trunk.repository(target).readSnapshot(hash);
  return [...packages].sort((a, b) => (a.fullName < b.fullName ? -1 : a.fullName > b.fullName ? 1 : 0));
}
