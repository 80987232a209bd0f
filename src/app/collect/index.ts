import { requireTarget, type TrunkContext } from '../../builds/index.ts';
import type { Keeper } from '../../repos/index.ts';
import { collectCaches } from './caches.ts';
import { collectTarget, sweep, type Collected, type CollectOptions } from './collect.ts';
import { createKeepers, justLeft, type Retention } from './keepers.ts';
import { whyKept, type WhyKept } from './why.ts';

export { announcementMail } from './announce.ts';
export type { Collected, Removal } from './collect.ts';
export { finishRemovals } from './finish.ts';
export { createUsers } from './keepers.ts';
export { showCollection } from './show.ts';
export type { WhyKept } from './why.ts';

export interface Collection {
  targets: readonly Collected[];
  /** Tarballs and git mirrors, as paths below the data directory. */
  caches: readonly string[];
}

/** What is being done, for whoever waits. */
export interface CollectionStep {
  what: string;
  /** Steps that are done, of how many. */
  done: number;
  of: number;
}

/** Milliseconds: caches that were used since are left alone while builds are made. */
const IN_USE = 86_400_000;

/**
 * Runs the garbage collector over some targets, or all, and the caches; `step` is told of each step before it, and may end it there by throwing.
 * @throws TrunklineError `not_found`; what `step` throws
 */
export async function collectGarbage(
  context: TrunkContext,
  options: CollectOptions & Retention & { target: string | null },
  step: (now: CollectionStep) => void = () => undefined,
): Promise<Collection> {
  const { settings } = context;
  const { target: only, dryRun, beside = false } = options;
  const targets = only === null ? settings.targets : [requireTarget(settings, only)];
  const keepers = keepersOf(context, options, beside);
  const of = targets.length + 2;
  const collected: Collected[] = [];
  for (const target of targets) {
    step({ what: target.name, done: collected.length, of });
    collected.push(await collectTarget(context, target, keepers, options));
  }
  step({ what: 'what snapshots consist of', done: of - 2, of });
  if (!dryRun) await sweep(context);
  step({ what: 'mirrors and tarballs', done: of - 1, of });
  const [now, age] = [context.now(), options.olderThan * 1000];
  const since = now - (beside ? Math.max(age, IN_USE) : age);
  return { targets: collected, caches: await collectCaches(settings, { since, dryRun }) };
}

/**
 * What keeps a snapshot or a package from a collection by this rule; `beside`: from one that is made while builds are.
 * @throws TrunklineError `not_found`, `invalid_argument`
 */
export function explainKept(
  context: TrunkContext,
  text: string,
  { beside = false, ...retention }: Retention & { beside?: boolean } = context.settings.gc,
): Promise<WhyKept[]> {
  return whyKept(context, keepersOf(context, retention, beside), text);
}

function keepersOf(context: TrunkContext, retention: Retention, beside: boolean): Keeper[] {
  return [...createKeepers(context, retention), ...(beside ? [justLeft(context)] : [])];
}
