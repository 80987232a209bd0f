import { findRef, requireSnapshot, type DbOrTx, type SnapshotRecord } from '../db/index.ts';
import { TrunklineError } from '../lib/index.ts';
import { requireTarget, type Settings, type Target } from '../model/index.ts';

/** Something of one target: `fedora-43-x86_64/current`. */
export interface Subject {
  target: Target;
  /** What stands behind the slash: a ref's name, a snapshot's hash or the beginning of one. */
  name: string;
}

/** Reads `TARGET/NAME`. @throws TrunklineError `invalid_argument` when it is not written so, `not_found` for a target that is not configured. */
export function parseSubject(settings: Settings, text: string): Subject {
  const [, target = '', name = ''] = /^([^/]+)\/([^/]+)$/.exec(text) ?? [];
  if (name !== '') return { target: requireTarget(settings, target), name };
  const example = `${settings.targets[0]?.name ?? 'TARGET'}/current`;
  throw new TrunklineError('invalid_argument', `"${text.slice(0, 200)}" is not written as TARGET/NAME`, {
    hint: `write it as ${example}`,
  });
}

/**
 * The snapshot that a ref's name, a hash or the beginning of one means.
 * @throws TrunklineError `invalid_argument` when it means two things or none that can be, `not_found`
 */
export async function findSnapshotNamed(db: DbOrTx, { target, name }: Subject): Promise<SnapshotRecord> {
  const ref = await findRef(db, target.name, name);
  if (ref === null) {
    if (/^[0-9a-f]{8,64}$/i.test(name)) return requireSnapshot(db, target.name, name);
    throw new TrunklineError('not_found', `${target.name} has no ref and no snapshot called ${name.slice(0, 200)}`, {
      hint: 'give a ref’s name, or at least eight digits of a snapshot’s; trunkline ref list and snapshot list show them',
    });
  }
  if (/^[0-9a-f]{8,64}$/.test(name) && (await begins(db, target.name, name)))
    throw new TrunklineError('invalid_argument', `${name} is a ref of ${target.name} and the beginning of a snapshot`, {
      hint: 'give more digits of the snapshot; a ref may be reached by the snapshot it points at',
    });
  return requireSnapshot(db, target.name, ref.snapshotHash);
}

async function begins(db: DbOrTx, target: string, prefix: string): Promise<boolean> {
  return requireSnapshot(db, target, prefix).then(
    () => true,
    (error: unknown) => {
      if (error instanceof TrunklineError && error.code === 'not_found') return false;
      if (error instanceof TrunklineError && error.code === 'invalid_argument') return true;
      throw error;
    },
  );
}

/** `findSnapshotNamed`, of those that are still there. @throws TrunklineError `gone` saying when it was removed. */
export async function requireThere(db: DbOrTx, subject: Subject): Promise<SnapshotRecord> {
  const found = await findSnapshotNamed(db, subject);
  if (found.goneAt === null) return found;
  const when = new Date(found.goneAt).toISOString().slice(0, 10);
  throw new TrunklineError('gone', `Snapshot ${found.hash} of ${found.target} was removed on ${when}`, {
    hint: 'trunkline snapshot list shows what is there',
  });
}
