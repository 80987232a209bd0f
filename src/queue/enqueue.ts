import {
  findOpenAttempt,
  inTransaction,
  insertAttempt,
  requireRevision,
  updateAttempt,
  updateBuild,
  type DbOrTx,
  type QueuedAttempt,
} from '../db/index.ts';
import type { AttemptKind, Build } from '../model/index.ts';

export interface EnqueueOptions {
  /** Default `initial`. */
  kind?: AttemptKind;
  /** k of a forced rebuild. Default 0. */
  rebuild?: number;
  /** Milliseconds since the epoch. Default `now`. */
  notBefore?: number;
  /** Smaller is claimed first. Default 0. */
  priority?: number;
  now: number;
}

/** Puts a build in the queue. @returns its new attempt, or the one it has there already */
export function enqueue(
  db: DbOrTx,
  build: Pick<Build, 'id' | 'revisionId'>,
  options: EnqueueOptions,
): Promise<QueuedAttempt> {
  const { kind = 'initial', rebuild = 0, priority = 0, now, notBefore = now } = options;
  return inTransaction(db, async (tx) => {
    const { upstream } = await requireRevision(tx, build.revisionId);
    const commitTime = upstream.committerTime;
    const fresh = { buildId: build.id, kind, rebuild, retries: 0, priority, commitTime, notBefore, now };
    const attempt = await insertAttempt(tx, fresh);
    if (attempt !== null) {
      await updateBuild(tx, build.id, { state: 'pending' });
      return attempt;
    }
    const open = await findOpenAttempt(tx, build.id);
    if (open === null) throw new Error(`build ${build.id} refused an attempt but has none open`);
    return open;
  });
}

/** Changes when a waiting build's turn comes: smaller first. @returns whether it was waiting */
export async function setPriority(db: DbOrTx, buildId: number, priority: number): Promise<boolean> {
  const open = await findOpenAttempt(db, buildId);
  if (open?.state !== 'pending') return false;
  return (await updateAttempt(db, { id: open.id, state: 'pending' }, { priority })) !== null;
}
