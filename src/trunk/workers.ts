import { randomBytes } from 'node:crypto';
import type { TrunkContext } from '../builds/index.ts';
import { recoverWorker } from '../queue/index.ts';

const KINDS = ['serve', 'run'] as const;

/** As whom this process claims what it builds itself; a name that no other process ever had. */
export function ownWorker({ server }: Pick<TrunkContext, 'server'>, kind: (typeof KINDS)[number]): string {
  return `${kind}@${server}/${randomBytes(4).toString('hex')}`;
}

/**
 * Queues again what processes had in hand that worked in our local directory before, and are dead as we hold it. With SQLite nobody else builds at all but
 * workers on other machines, so whatever the machine was called then. To be called before anything is claimed. Answers how many attempts there were.
 */
export async function recoverOwn({
  db,
  settings,
  server,
  now,
}: Pick<TrunkContext, 'db' | 'settings' | 'server' | 'now'>): Promise<number> {
  let interrupted = 0;
  for (const kind of KINDS) {
    const prefix = settings.database.kind === 'sqlite' ? `${kind}@` : `${kind}@${server}/`;
    interrupted += (await recoverWorker(db, prefix, now())).length;
  }
  return interrupted;
}
