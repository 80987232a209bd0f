import type { TrunkContext } from '../../builds/index.ts';
import {
  findAnnouncements,
  findPackages,
  findSnapshot,
  listPresentSnapshots,
  type NamedPackage,
} from '../../db/index.ts';
import { TrunklineError } from '../../lib/index.ts';
import { requireTarget } from '../../model/index.ts';
import { findSnapshotNamed, parseSubject } from '../../promotion/index.ts';
import type { Keeper } from '../../repos/index.ts';

/** What keeps one thing, and what becomes of it where nothing does. */
export interface WhyKept {
  kind: 'snapshot' | 'package';
  target: string;
  /** The snapshot's hash, or the package's full name. */
  name: string;
  /** A sentence each; a package's name the snapshot. Not every snapshot that has a package is named: one of each keeper's. */
  reasons: readonly { keeper: string; snapshot: string; why: string }[];
  /** Snapshots that a hold would keep it with, if nothing else does: of a package not all that have it. */
  holdable: readonly string[];
  /** When it goes, as announced. */
  goesAt: number | null;
  goneAt: number | null;
}

/**
 * What keeps a snapshot (`TARGET/SNAPSHOT`) or a package (its full name, or its SHA-256; on each target that has it).
 * @throws TrunklineError `not_found`, `invalid_argument`
 */
export async function whyKept(context: TrunkContext, keepers: readonly Keeper[], text: string): Promise<WhyKept[]> {
  const targets = context.settings.targets.map(({ name }) => name);
  const packages = targets.length === 0 ? [] : await findPackages(context.db, targets, text);
  const answers: WhyKept[] = [];
  for (const one of packages) answers.push(await whyPackage(context, keepers, one));
  if (answers.length > 0) return answers;
  if (text.includes('/')) return [await whySnapshot(context, keepers, text)];
  throw new TrunklineError('not_found', `No package is called ${text.slice(0, 200)}`, {
    hint: 'give a package’s full name as trunkline build show has it, its SHA-256, or a snapshot as TARGET/SNAPSHOT',
  });
}

async function whySnapshot(context: TrunkContext, keepers: readonly Keeper[], text: string): Promise<WhyKept> {
  const record = await findSnapshotNamed(context.db, parseSubject(context.settings, text));
  const { target, hash, goneAt } = record;
  const reasons: { keeper: string; snapshot: string; why: string }[] = [];
  if (goneAt === null)
    for (const keeper of keepers)
      for (const why of await keeper.whySnapshot(target, hash))
        reasons.push({ keeper: keeper.name, snapshot: hash, why });
  const goesAt = reasons.length > 0 ? null : await goingAt(context, record.announcementId);
  const holdable = goneAt === null && reasons.length === 0 ? [hash] : [];
  return { kind: 'snapshot', target, name: hash, reasons, holdable, goesAt, goneAt };
}

async function whyPackage(context: TrunkContext, keepers: readonly Keeper[], one: NamedPackage): Promise<WhyKept> {
  const { target, fullName, goneAt, announcementId } = one;
  const repository = context.repository(requireTarget(context.settings, target));
  const has = async (hash: string) =>
    (await repository.ofProject(hash, one.project)).some(({ sha256 }) => sha256 === one.sha256);
  const reasons: { keeper: string; snapshot: string; why: string }[] = [];
  if (goneAt === null)
    for (const keeper of keepers)
      for (const { hash, why } of await keeper.mayHave(target, one.introducedBy))
        if (await has(hash)) {
          reasons.push({ keeper: keeper.name, snapshot: hash, why });
          if (keeper.name === 'retained') break;
        }
  const goesAt = reasons.length > 0 ? null : await goingAt(context, announcementId);
  const holdable = goneAt === null && reasons.length === 0 ? await present(context, one) : [];
  return { kind: 'package', target, name: fullName, reasons, holdable, goesAt, goneAt };
}

/** Snapshots that have a package: those that were made with it; where they are gone, any that is there. */
async function present(context: TrunkContext, one: NamedPackage): Promise<string[]> {
  const { target } = one;
  const there: string[] = [];
  for (const hash of one.introducedBy)
    if ((await findSnapshot(context.db, target, hash))?.goneAt === null) there.push(hash);
  if (there.length > 0) return there;
  const all = (await listPresentSnapshots(context.db, target)).map(({ id }) => id);
  const repository = context.repository(requireTarget(context.settings, target));
  return (await repository.holdersOf(all, [one])).flat();
}

async function goingAt(context: TrunkContext, announcementId: number | null): Promise<number | null> {
  if (announcementId === null) return null;
  return (await findAnnouncements(context.db, [announcementId])).get(announcementId)?.goesAt ?? null;
}
