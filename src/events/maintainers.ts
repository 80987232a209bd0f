import { lockNotice, readStanding, recordNotice, type Tx } from '../db/index.ts';
import { decideNotice, type Notice } from '../model/index.ts';
import { emit } from './emit.ts';

/**
 * Emits `build_failed_first` or `build_recovered` when the maintainers of a project are due a message, and remembers that. Belongs in the
 * transaction that changed a build's result.
 */
export async function tellMaintainers(
  tx: Tx,
  { project, target, now }: { project: string; target: string; now: number },
): Promise<Notice> {
  const last = await lockNotice(tx, project, target);
  const standing = await readStanding(tx, project, target);
  const notice = decideNotice(last.told, standing);
  if (notice === 'failure' && standing.firstFailure !== null) {
    const buildId = standing.firstFailure.id;
    const lastSuccess = standing.success?.id ?? null;
    await emit(tx, { kind: 'build_failed_first', project, target, buildId, lastSuccess }, now);
    await recordNotice(tx, project, target, { told: 'broken', buildId, now });
  }
  if (notice === 'recovery' && standing.success !== null) {
    const buildId = standing.success.id;
    await emit(tx, { kind: 'build_recovered', project, target, buildId, brokenBy: last.buildId }, now);
    await recordNotice(tx, project, target, { told: 'healthy', buildId, now });
  }
  return notice;
}
