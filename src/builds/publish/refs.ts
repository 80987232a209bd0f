import { listRefs } from '../../db/index.ts';
import type { TrunkContext } from '../context.ts';
import { requireTarget } from '../context.ts';

/** Refs of a target as the database has them: name → snapshot. */
export async function describeRefs(context: TrunkContext, target: string): Promise<Record<string, string>> {
  const refs = await listRefs(context.db, target);
  return Object.fromEntries(refs.map((ref) => [ref.name, ref.snapshotHash]));
}

/** Makes the links on disk say what the database says. */
export async function moveRefs(context: TrunkContext, target: string): Promise<void> {
  const repository = context.repository(requireTarget(context.settings, target));
  for (const [name, snapshot] of Object.entries(await describeRefs(context, target)))
    await repository.moveRef(name, snapshot);
}
