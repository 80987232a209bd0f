import { findRef, listRefMoves, listRefs, moveRef, type Ref, type RefMove } from '../db/index.ts';
import { audit, emit } from '../events/index.ts';
import { TrunklineError } from '../lib/index.ts';
import type { Settings } from '../model/index.ts';
import { checkRefName } from '../repos/index.ts';
import type { Order, PromotionContext } from './context.ts';
import { requireShowable, showRefs } from './show.ts';
import { requireThere, type Subject } from './subject.ts';

/** They follow the trunk: `current` the newest successes, `consistent` the last time nothing was broken. */
export const FOLLOWS_TRUNK: readonly string[] = ['current', 'consistent'];

export interface RefOrder extends Order {
  /** Move, or remove, a protected ref too. */
  force: boolean;
}

/** Whether a ref is moved by hand with force only. */
export function isProtected(settings: Pick<Settings, 'protectedRefs'>, name: string): boolean {
  return FOLLOWS_TRUNK.includes(name) || settings.protectedRefs.includes(name);
}

/** All refs of a target, or of all configured ones. @throws TrunklineError `not_found` */
export async function refsOf(context: PromotionContext, target: string | null): Promise<Ref[]> {
  const known = new Set(context.settings.targets.map(({ name }) => name));
  const refs = await listRefs(context.db, target ?? undefined);
  return refs.filter((ref) => known.has(ref.target));
}

/**
 * Points a ref at a snapshot, named by its hash, the beginning of it, or a ref that points at it; a name that is new makes the ref.
 * @returns the move, or null when it pointed there already
 * @throws TrunklineError `invalid_argument` for a name that cannot be a ref's or is protected, `not_found` for no such snapshot
 */
export async function setRef(
  context: PromotionContext,
  { target, name }: Subject,
  to: string,
  order: RefOrder,
): Promise<RefMove | null> {
  checkRefName(name);
  refuseProtected(context.settings, { target, name }, order);
  return moveTo(context, { target, name }, to, order);
}

/**
 * Points a ref back at where its last move came from; undoing twice leads back again. One that was removed is there again.
 * @throws TrunklineError `not_found` for no such ref or a snapshot that was removed, `invalid_argument` for one that never moved or is protected
 */
export async function undoRef(context: PromotionContext, { target, name }: Subject, order: RefOrder): Promise<RefMove> {
  const [last] = await listRefMoves(context.db, target.name, name, 1);
  if (last === undefined) throw await noSuchRef(context, { target, name });
  refuseProtected(context.settings, { target, name }, order);
  if (last.fromHash === null)
    throw new TrunklineError('invalid_argument', `${target.name}/${name} has not moved since it was made`, {
      hint: `trunkline ref set ${target.name}/${name} points it elsewhere`,
    });
  const moved = await moveTo(context, { target, name }, last.fromHash, { ...order, from: last.toHash });
  if (moved === null) throw new Error(`${name} came from where it is`);
  return moved;
}

/** How a ref came to where it is, the last move first; also of one that was removed. @throws TrunklineError `not_found` */
export async function refHistory(context: PromotionContext, subject: Subject, limit: number): Promise<RefMove[]> {
  const moves = await listRefMoves(context.db, subject.target.name, subject.name, limit);
  if (moves.length === 0) throw await noSuchRef(context, subject);
  return moves;
}

/** @throws TrunklineError `not_found` naming the refs there are */
export async function requireRef(context: PromotionContext, subject: Subject): Promise<Ref> {
  const ref = await findRef(context.db, subject.target.name, subject.name);
  if (ref === null) throw await noSuchRef(context, subject);
  return ref;
}

async function noSuchRef(context: PromotionContext, { target, name }: Subject): Promise<TrunklineError> {
  const names = (await listRefs(context.db, target.name)).map((one) => one.name);
  return new TrunklineError('not_found', `${target.name} has no ref ${name.slice(0, 200)}`, {
    hint: names.length === 0 ? 'trunkline run makes the first one' : `its refs are: ${names.join(', ')}`,
  });
}

/** @throws TrunklineError `invalid_argument` for a ref that is protected, without force */
export function refuseProtected(settings: Settings, { target, name }: Subject, { force }: RefOrder): void {
  if (force || !isProtected(settings, name)) return;
  const why = FOLLOWS_TRUNK.includes(name) ? 'follows the trunk' : `is protected by protected_refs in ${settings.file}`;
  throw new TrunklineError(
    'invalid_argument',
    `${target.name}/${name} ${why}: it is not moved or removed by hand without --force`,
    {
      hint: 'use --force, or another name',
    },
  );
}

/** Records the move, with its audit entry and its event, and then makes it visible: nothing is recorded that an expired key would keep from being shown. */
async function moveTo(
  context: PromotionContext,
  { target, name }: Subject,
  wanted: string,
  { actor, reason, from }: Order & { from?: string | null },
): Promise<RefMove | null> {
  const now = context.now();
  return context.mutexes.hold(`publish ${target.name}`, async () => {
    const there = await requireThere(context.db, { target, name: wanted });
    await requireShowable(context, target, [{ ref: name, hash: there.hash }]);
    const moved = await context.db.transaction(async (tx) => {
      const { hash } = await requireThere(tx, { target, name: wanted });
      const order = { target: target.name, name, to: hash, actor, reason, now };
      const move = await moveRef(tx, from === undefined ? order : { ...order, from });
      if (move === null) return null;
      await audit(tx, { actor, action: 'move_ref', subject: `ref/${target.name}/${name}`, reason }, now);
      await emit(tx, { kind: 'ref_moved', target: target.name, name, from: move.fromHash, to: hash, actor }, now);
      return move;
    });
    await showRefs(context, target);
    return moved;
  });
}
