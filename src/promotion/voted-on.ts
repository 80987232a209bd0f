import { findSnapshot, requireBuild, requireSnapshot, type DbOrTx, type VotedOn } from '../db/index.ts';
import { TrunklineError } from '../lib/index.ts';
import { requireTarget, type Settings } from '../model/index.ts';

/** What somebody votes on or promotes, in their words: a build by its number, or a snapshot by its hash or the beginning of it. */
export type Thing = { buildId: number } | { target: string; snapshot: string };

/** Reads `17` or `TARGET/SNAPSHOT`. @throws TrunklineError `invalid_argument` for anything else, `not_found` for a target that is not configured */
export function parseThing(settings: Settings, text: string): Thing {
  if (/^[1-9]\d{0,15}$/.test(text)) return { buildId: Number(text) };
  const [, target = '', snapshot = ''] = /^([^/]+)\/([^/]+)$/.exec(text) ?? [];
  if (snapshot !== '') return { target: requireTarget(settings, target).name, snapshot };
  throw new TrunklineError('invalid_argument', `"${text.slice(0, 200)}" is neither a build nor a snapshot`, {
    hint: 'write the number of a build, or TARGET/SNAPSHOT with at least eight digits of the snapshot’s hash',
  });
}

/**
 * What is voted upon. A ref's name is not taken for a snapshot: it may have moved since the job began. A build without a repository cannot be tested.
 * @throws TrunklineError `not_found`, `invalid_argument`
 */
export async function findVotedOn(db: DbOrTx, settings: Settings, thing: Thing): Promise<VotedOn> {
  if ('buildId' in thing) {
    const { id, target, project, result, snapshot } = await requireBuild(db, thing.buildId);
    if (result === 'success' && snapshot !== null) return { kind: 'build', target, buildId: id };
    throw new TrunklineError('invalid_argument', `Build ${String(id)} of ${project} has no repository to be tested`, {
      hint: 'vote on a build that succeeded; trunkline builds lists them',
    });
  }
  const { name: target } = requireTarget(settings, thing.target);
  const { hash } = await requireSnapshot(db, target, thing.snapshot);
  return { kind: 'snapshot', target, snapshot: hash };
}

/** The snapshot that stands for what is voted upon: itself, or the one in which the build was published. @throws TrunklineError `gone`, `not_found` */
export async function snapshotOf(db: DbOrTx, on: VotedOn): Promise<string> {
  const hash = on.kind === 'snapshot' ? on.snapshot : (await requireBuild(db, on.buildId)).snapshot;
  const record = hash === null ? null : await findSnapshot(db, on.target, hash);
  const what = on.kind === 'snapshot' ? `Snapshot ${on.snapshot}` : `The repository of build ${String(on.buildId)}`;
  if (record === null) throw new TrunklineError('not_found', `${what} of ${on.target} is not there`);
  if (record.goneAt === null) return record.hash;
  const when = new Date(record.goneAt).toISOString().slice(0, 10);
  throw new TrunklineError('gone', `${what} of ${on.target} was removed on ${when}`, {
    hint: 'promote a newer one; trunkline hold add keeps a snapshot from the garbage collector',
  });
}
