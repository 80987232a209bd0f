import { requireTarget, type TrunkContext } from '../../builds/index.ts';
import { collectCaches } from './caches.ts';
import { collectTarget, sweep, type Collected, type CollectOptions } from './collect.ts';
import { createKeepers, type Retention } from './keepers.ts';
import { whyKept, type WhyKept } from './why.ts';

export { announcementMail } from './announce.ts';
export type { Collected, Removal } from './collect.ts';
export { finishRemovals } from './finish.ts';
export { createUsers } from './keepers.ts';
export type { WhyKept } from './why.ts';

export interface Collection {
  targets: readonly Collected[];
  /** Tarballs and git mirrors, as paths below the data directory. */
  caches: readonly string[];
}

/** Runs the garbage collector over some targets, or all, and the caches. @throws TrunklineError `not_found` */
export async function collectGarbage(
  context: TrunkContext,
  options: CollectOptions & Retention & { target: string | null },
): Promise<Collection> {
  const { settings } = context;
  const targets = options.target === null ? settings.targets : [requireTarget(settings, options.target)];
  const keepers = createKeepers(context, options);
  const collected: Collected[] = [];
  for (const target of targets) collected.push(await collectTarget(context, target, keepers, options));
  if (!options.dryRun) await sweep(context);
  const since = context.now() - options.olderThan * 1000;
  return { targets: collected, caches: await collectCaches(settings, { since, dryRun: options.dryRun }) };
}

/** What keeps a snapshot or a package, by the configuration's rule. @throws TrunklineError `not_found`, `invalid_argument` */
export function explainKept(context: TrunkContext, text: string): Promise<WhyKept[]> {
  return whyKept(context, createKeepers(context, context.settings.gc), text);
}
