import {
  endPin,
  insertPin,
  listPins,
  listPublishedVersions,
  listVersionsOf,
  newestSuccess,
  type Pin,
  type PublishedVersion,
} from '../../db/index.ts';
import { audit } from '../../events/index.ts';
import { TrunklineError } from '../../lib/index.ts';
import { requireProject, requireTarget, versionOfPackage, type Target } from '../../model/index.ts';
import type { TrunkContext } from '../context.ts';
import { placeInCurrent } from './place.ts';
import { findPublished } from './resolve.ts';

export interface PinOrder {
  project: string;
  /** As `findPublished` reads it. */
  version: string;
  /** null: every target of the project where it was published. */
  target: string | null;
  actor: string;
  reason: string;
  /** Milliseconds since the epoch, or null: until somebody ends it. */
  until: number | null;
}

/** A pin, and what it is to. */
export interface PinnedVersion extends Pin {
  version: string;
  upstreamHash: string;
  /** The snapshot made for it, or null where `current` had the version already. */
  snapshot: string | null;
}

/**
 * Keeps a project at a version that was published: `current` gets it at once, and newer successes get repositories of their own and do not move `current`.
 * Answers the pins, and the targets of the project for which that version was never published: it is not pinned there.
 * @throws TrunklineError `not_found` when it was published for none of them or was removed, `invalid_argument`, `repository_conflict`
 */
export async function pinProject(
  context: TrunkContext,
  order: PinOrder,
): Promise<{ pinned: PinnedVersion[]; without: string[] }> {
  const targets = targetsOf(context, order);
  const found: { target: Target; published: PublishedVersion | null }[] = [];
  for (const target of targets) found.push({ target, published: await findPublished(context, order, target) });
  const pinned: PinnedVersion[] = [];
  for (const { target, published } of found)
    if (published !== null) pinned.push(await pinOn(context, order, target, published));
  const without = found.filter(({ published }) => published === null).map(({ target }) => target.name);
  if (pinned.length > 0) return { pinned, without };
  throw new TrunklineError(
    'not_found',
    `No success of ${order.project} for ${without.join(', ')} is ${order.version}`,
    {
      hint: 'give a version that was published, or seven digits of its upstream commit; trunkline builds --result success lists them',
    },
  );
}

async function pinOn(
  context: TrunkContext,
  { project, actor, reason, until }: PinOrder,
  target: Target,
  { buildId, attemptId, sequence, ...published }: PublishedVersion,
): Promise<PinnedVersion> {
  const now = context.now();
  const version = versionOfPackage(target.format, published);
  let pin: Pin | undefined;
  const placing = { target, project, sequence, buildId, attemptId, actor, reason: `pinned: ${reason}` };
  const snapshot = await placeInCurrent(context, placing, async (tx) => {
    pin = await insertPin(tx, { target: target.name, project, attemptId, reason, actor, until, now });
    await audit(tx, { actor, action: 'pin', subject: `project/${project}/${target.name}`, reason }, now);
  });
  if (pin === undefined) throw new Error('the pin was not recorded');
  return { ...pin, version, upstreamHash: published.upstreamHash, snapshot };
}

export interface Unpinned {
  pin: Pin;
  /** The snapshot with the newest success again, or null where `current` had it. */
  snapshot: string | null;
}

/** Ends a project's pins, on one target or on all, and brings its newest success back. @throws TrunklineError `not_found` when it is not pinned */
export async function unpinProject(
  context: TrunkContext,
  order: { project: string; target: string | null; actor: string; reason: string | null },
): Promise<Unpinned[]> {
  const { project, target, actor, reason } = order;
  const pins = await listPins(context.db, { project, ...(target === null ? {} : { target }) });
  if (pins.length === 0)
    throw new TrunklineError('not_found', `${project} is not pinned${target === null ? '' : ` on ${target}`}`, {
      hint: 'trunkline pins lists what is',
    });
  const ended: Unpinned[] = [];
  for (const pin of pins) ended.push(await bringBack(context, pin, { actor, reason }));
  return ended;
}

/** Ends the pins whose time has passed, on some targets. */
export async function endPassedPins(context: TrunkContext, targets: readonly string[]): Promise<Unpinned[]> {
  const now = context.now();
  const passed = (await listPins(context.db)).filter(({ until }) => until !== null && until <= now);
  const ended: Unpinned[] = [];
  for (const pin of passed.filter(({ target }) => targets.includes(target)))
    ended.push(await bringBack(context, pin, { actor: 'system', reason: 'its time has passed' }));
  return ended;
}

async function bringBack(
  context: TrunkContext,
  pin: Pin,
  { actor, reason }: { actor: string; reason: string | null },
): Promise<Unpinned> {
  const now = context.now();
  const { project } = pin;
  const record = async (tx: Parameters<typeof endPin>[0]) => {
    await endPin(tx, pin, { actor, reason, now });
    await audit(tx, { actor, action: 'unpin', subject: `project/${project}/${pin.target}`, reason }, now);
  };
  const target = context.settings.targets.find(({ name }) => name === pin.target);
  const newest = target === undefined ? null : await newestPublished(context, project, target);
  if (target === undefined || newest === null) {
    await context.db.transaction(record);
    return { pin, snapshot: null };
  }
  const { buildId, attemptId, sequence } = newest;
  const placing = { target, project, sequence, buildId, attemptId, actor, reason: `unpinned: ${reason ?? 'by hand'}` };
  return { pin, snapshot: await placeInCurrent(context, placing, record) };
}

/** What the newest success in history order published last. */
async function newestPublished(
  context: TrunkContext,
  project: string,
  target: Target,
): Promise<PublishedVersion | null> {
  const newest = await newestSuccess(context.db, project, target.name);
  const published = await listPublishedVersions(context.db, project, target.name);
  return published.find(({ buildId, goneAt }) => buildId === newest?.id && goneAt === null) ?? null;
}

/** The pins there are, each with the version it is to. */
export async function pinsOf(context: TrunkContext, filter: { project?: string; target?: string } = {}) {
  const pins = await listPins(context.db, filter);
  const ids = pins.map(({ attemptId }) => attemptId);
  const published = new Map((await listVersionsOf(context.db, ids)).map((one) => [one.attemptId, one]));
  const described: Omit<PinnedVersion, 'snapshot'>[] = [];
  for (const pin of pins) {
    const one = published.get(pin.attemptId);
    const target = context.settings.targets.find(({ name }) => name === pin.target);
    if (one !== undefined && target !== undefined)
      described.push({ ...pin, version: versionOfPackage(target.format, one), upstreamHash: one.upstreamHash });
  }
  return described;
}

function targetsOf(context: TrunkContext, { project, target }: PinOrder): Target[] {
  const { targets } = requireProject(context.settings, project);
  if (target === null) return targets.map((name) => requireTarget(context.settings, name));
  const wanted = requireTarget(context.settings, target);
  if (targets.includes(wanted.name)) return [wanted];
  throw new TrunklineError('invalid_argument', `${project} is not built for ${target}`, {
    hint: `its targets are: ${targets.join(', ')}`,
  });
}
