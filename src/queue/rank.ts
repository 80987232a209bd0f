import { listWaitingBuilds, setPriorities, type Tx } from '../db/index.ts';

/**
 * Priorities of a server's queue: what a person asked for comes first (0), then each project's newest commit, then the backlogs. The k-th of a backlog
 * has the priority of every other project's k-th, so that projects take turns and a short queue is over before a long one.
 */
const NEWEST = 1;
const BACKLOG = 10;

/** Ranks what waits of a project on a target: to be called where something was put there, in the same transaction. */
export async function rankProject(tx: Tx, { project, target }: { project: string; target: string }): Promise<void> {
  const [newest, ...backlog] = await listWaitingBuilds(tx, { project, target });
  if (newest === undefined) return;
  const wanted = new Map(backlog.reverse().map((one, place) => [one, BACKLOG + place]));
  wanted.set(newest, NEWEST);
  const changed = [...wanted].filter(([one, priority]) => one.priority !== priority);
  await setPriorities(tx, new Map(changed.map(([{ attemptId }, priority]) => [attemptId, priority])));
}
