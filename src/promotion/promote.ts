import {
  findRef,
  insertPromotion,
  listLiveVotes,
  listPromotions,
  moveRef,
  standingPromotion,
  type Promotion,
  type PromotionFilter,
  type Ref,
  type RestsOn,
  type Tx,
  type Vote,
  type VotedOn,
} from '../db/index.ts';
import { audit, emit } from '../events/index.ts';
import { TrunklineError, type Mutexes } from '../lib/index.ts';
import { checkJob, requireTarget, type Settings, type Target } from '../model/index.ts';
import { checkRefName } from '../repos/index.ts';
import type { Order, PromotionContext } from './context.ts';
import { isProtected } from './refs.ts';
import { pointRef, requireShowable } from './show.ts';
import { findVotedOn, snapshotOf, type Thing } from './voted-on.ts';

/** One thing that is to have a name. */
export interface PromotionWish {
  name: string;
  thing: Thing;
}

export interface PromotionOrder extends Order {
  /** Jobs whose last verdict on each thing has to be a success. */
  require: readonly string[];
}

/** What came of a wish. `made` is false when that promotion stood already: nothing has changed then. */
export interface Promoted {
  promotion: Promotion;
  made: boolean;
}

/** Things promoted at once, at most. */
const LARGEST_BATCH = 100;

/**
 * Promotes snapshots, or the snapshots of builds, under names: the ref of that name points there, and who, why and the verdicts it rests on are kept.
 * All of them or none. What has a name already keeps its promotion.
 * @throws TrunklineError `ref_protected` for a name that follows the trunk or is protected, `promotion_refused` when a required verdict is missing,
 * `gone` for what the garbage collector removed, `not_found`, `invalid_argument`
 */
export async function promote(
  context: PromotionContext,
  wishes: readonly PromotionWish[],
  order: PromotionOrder,
): Promise<Promoted[]> {
  if (wishes.length === 0 || wishes.length > LARGEST_BATCH)
    throw new TrunklineError('invalid_argument', `${String(wishes.length)} things cannot be promoted at once`, {
      hint: `name from one to ${String(LARGEST_BATCH)}`,
    });
  for (const { name } of wishes) requireFree(context.settings, name);
  order.require.forEach(checkJob);
  const things: (PromotionWish & { on: VotedOn })[] = [];
  for (const wish of wishes) things.push({ ...wish, on: await findVotedOn(context.db, context.settings, wish.thing) });
  requireDistinct(things);
  const targets = new Map(things.map(({ on }) => [on.target, requireTarget(context.settings, on.target)]));
  return holdAll(context.mutexes, [...targets.keys()].sort(), async () => {
    for (const target of targets.values())
      await requireShowable(context, target, await movesOf(context, things, target));
    const promoted = await context.db.transaction(async (tx) => {
      const all: Promoted[] = [];
      for (const one of things) all.push(await promoteOne(context, tx, one, order));
      return all;
    });
    for (const { promotion } of promoted) await showRef(context, promotion);
    return promoted;
  });
}

/** Where refs of one target are to point. */
async function movesOf(
  { db }: PromotionContext,
  things: readonly { name: string; on: VotedOn }[],
  target: Target,
): Promise<{ ref: string; hash: string }[]> {
  const moves: { ref: string; hash: string }[] = [];
  for (const { name, on } of things)
    if (on.target === target.name) moves.push({ ref: name, hash: await snapshotOf(db, on) });
  return moves;
}

async function promoteOne(
  context: PromotionContext,
  tx: Tx,
  { name, on }: { name: string; on: VotedOn },
  { actor, reason, require }: PromotionOrder,
): Promise<Promoted> {
  const now = context.now();
  const { target } = on;
  const snapshot = await snapshotOf(tx, on);
  const votes = await restsOn(tx, on, snapshot, now);
  requireVerdicts({ target, name }, votes, require);
  const from = (await findRef(tx, target, name))?.snapshotHash ?? null;
  const move = await moveRef(tx, { target, name, to: snapshot, actor, reason, now });
  if (move === null) {
    const standing = await standingPromotion(tx, target, name);
    if (standing?.snapshot === snapshot) return { promotion: standing, made: false };
  }
  const promotion = await insertPromotion(tx, {
    ...{ target, name, snapshot, actor, reason, votes, now },
    buildId: on.kind === 'build' ? on.buildId : null,
    from: move === null ? from : move.fromHash,
  });
  await audit(tx, { actor, action: 'promote', subject: `ref/${target}/${name}`, reason }, now);
  if (move !== null) await emit(tx, { kind: 'ref_moved', target, name, from: move.fromHash, to: snapshot, actor }, now);
  const { id: promotionId, buildId } = promotion;
  await emit(tx, { kind: 'promoted', target, name, snapshot, buildId, promotionId, actor }, now);
  return { promotion, made: true };
}

/** The verdicts on a thing, and on its snapshot where it is a build. */
async function restsOn(tx: Tx, on: VotedOn, snapshot: string, now: number): Promise<RestsOn[]> {
  const votes = await listLiveVotes(tx, on, now);
  if (on.kind === 'build')
    votes.push(...(await listLiveVotes(tx, { kind: 'snapshot', target: on.target, snapshot }, now)));
  return votes.flatMap(({ id, job, result }: Vote) => (result === 'in_progress' ? [] : [{ voteId: id, job, result }]));
}

/** Of a build and its snapshot, neither may have been found bad by a job that is asked for. */
function requireVerdicts(
  { target, name }: { target: string; name: string },
  votes: readonly RestsOn[],
  jobs: readonly string[],
): void {
  const bad = jobs.filter((job) => {
    const own = votes.filter((vote) => vote.job === job);
    return own.length === 0 || own.some(({ result }) => result === 'failure');
  });
  if (bad.length === 0) return;
  const says = (job: string) =>
    votes.some((vote) => vote.job === job) ? `${job} found it bad` : `${job} has not said anything`;
  throw new TrunklineError('promotion_refused', `${target}/${name} is not promoted: ${bad.map(says).join(', ')}`, {
    hint: 'wait for the verdicts (trunkline vote list shows them), or have who promotes ask for fewer with --require',
  });
}

/** Names that are moved by the trunk, or protected, are not promoted to; nobody can force it. */
export function requireFree(settings: Settings, name: string): void {
  checkRefName(name);
  if (!isProtected(settings, name)) return;
  throw new TrunklineError(
    'ref_protected',
    `${name} is not a name to promote to: it follows the trunk, or is protected`,
    {
      hint: `use another name; protected_refs in ${settings.file} says which are protected`,
    },
  );
}

function requireDistinct(things: readonly { name: string; on: VotedOn }[]): void {
  const names = things.map(({ name, on }) => `${on.target}/${name}`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw new TrunklineError('invalid_argument', `${twice} is promoted to twice at once`, {
    hint: 'name one thing for each target and name',
  });
}

/** Runs `work` while nobody publishes on any of some targets. Named in the order of their names, so that nobody waits in a circle. */
export function holdAll<T>(mutexes: Mutexes, targets: readonly string[], work: () => Promise<T>): Promise<T> {
  const [first, ...rest] = targets;
  if (first === undefined) return work();
  return mutexes.hold(`publish ${first}`, () => holdAll(mutexes, rest, work));
}

/** Makes a ref's link say what the database says by now. */
export async function showRef(
  context: PromotionContext,
  { target, name }: Pick<Ref, 'target' | 'name'>,
): Promise<void> {
  await context.mutexes.hold(`show ${target}`, async () => {
    const ref = await findRef(context.db, target, name);
    if (ref !== null)
      await pointRef(context, requireTarget(context.settings, target), { ref: name, hash: ref.snapshotHash });
  });
}

/** Promotions, the last first, those taken back too. */
export function promotionsOf(context: PromotionContext, filter: PromotionFilter): Promise<Promotion[]> {
  return listPromotions(context.db, filter);
}
