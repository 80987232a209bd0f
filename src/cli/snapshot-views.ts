import type { Trunk } from '../app/index.ts';
import { TrunklineError } from '../lib/index.ts';
import type { Target } from '../model/index.ts';
import { findSnapshotNamed } from '../promotion/index.ts';
import type { ListedSnapshot } from '../trunk/index.ts';
import type { Cell, Column } from './table.ts';
import { buildView, isoTime, time } from './views.ts';

/** A snapshot as `--json` gives it. */
export function snapshotView(snapshot: ListedSnapshot) {
  const { target, hash, parentHash, packageCount, refs, holds, build } = snapshot;
  return {
    target,
    snapshot: hash,
    parent: parentHash,
    packageCount,
    createdAt: isoTime(snapshot.createdAt),
    refs,
    holds,
    goesAt: isoTime(snapshot.goesAt),
    goneAt: isoTime(snapshot.goneAt),
    build: build && buildView(build),
  };
}

export const SNAPSHOT_COLUMNS: readonly Column[] = [
  { title: 'TARGET' },
  { title: 'SNAPSHOT' },
  { title: 'MADE' },
  { title: 'PACKAGES', align: 'right' },
  { title: 'PROJECT' },
  { title: 'COMMIT' },
  { title: 'REFS' },
  { title: 'KEPT OR GOING' },
];

export function snapshotRow({ target, hash, createdAt, packageCount, build, refs, ...kept }: ListedSnapshot): Cell[] {
  return [
    target,
    hash.slice(0, 12),
    time(createdAt),
    packageCount,
    build?.build.project ?? null,
    build?.revision.upstream.hash.slice(0, 10) ?? null,
    refs.length === 0 ? null : refs.join(' '),
    fate(kept),
  ];
}

function fate({ goneAt, goesAt, holds }: Pick<ListedSnapshot, 'goneAt' | 'goesAt' | 'holds'>): Cell {
  if (goneAt !== null) return { text: `removed ${time(goneAt) ?? ''}`, style: 'dim' };
  if (holds.length > 0) return `held: ${holds.join('; ')}`;
  return goesAt === null ? null : { text: `goes ${time(goesAt) ?? ''}`, style: 'yellow' };
}

/** Where the next page of a list begins. @throws TrunklineError `invalid_argument` without a target, `not_found` */
export async function snapshotBefore(trunk: Trunk, target: Target | null, name: string | undefined) {
  if (name === undefined) return {};
  if (target === null)
    throw new TrunklineError('invalid_argument', '--before names a snapshot of one target', {
      hint: 'name the target before it: trunkline snapshot list TARGET --before SNAPSHOT',
    });
  return { before: await findSnapshotNamed(trunk.context.db, { target, name }) };
}
