import { moveRefs } from '../../promotion/index.ts';
import { requireTarget, type TrunkContext } from '../context.ts';
import { publishDirectory } from './directory.ts';

/** Makes what the database says of a finished attempt visible: the build's directory, then the refs. Idempotent. */
export async function showPublication(
  context: TrunkContext,
  finished: { build: { id: number; target: string }; logs: string | null },
): Promise<void> {
  // One at a time for a target, so that an older state of a ref is never written over a newer one.
  await context.mutexes.hold(`show ${finished.build.target}`, async () => {
    await publishDirectory(context, finished.build.id, finished.logs);
    await moveRefs(context, requireTarget(context.settings, finished.build.target));
  });
}
