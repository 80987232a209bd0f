import { saveWorker, touchWorker } from '../../db/index.ts';
import { grantedLabels, type Principal } from '../../model/access/index.ts';
import type { WorkerProfile } from '../../model/index.ts';
import type { TrunkContext } from '../context.ts';
import { holderName } from './claim.ts';

/** What a worker says of itself when it asks. */
export interface Introduction {
  principal: Principal;
  /** The worker's own name; the token's is put before it. */
  name: string;
  profile: WorkerProfile;
  host: string;
  version: string;
}

/** Keeps the list of workers. */
export interface Presence {
  /** `targets`: those it may work for, fits and is ready for; null: it has not said. */
  introduced(who: Introduction, targets: readonly string[] | null): Promise<void>;
  /** Who holds an attempt has shown that it lives. */
  lives(worker: string | null): Promise<void>;
}

/** Milliseconds for which nothing is written again unless it is news. */
const FRESH = 30_000;
/** Names that are remembered here; more, and all are forgotten. */
const MOST_NAMES = 10_000;

/** What a worker has, as far as it is believed: labels only as its token grants them. */
export function believed(principal: Principal, profile: WorkerProfile): WorkerProfile {
  return { ...profile, labels: grantedLabels(principal, profile.labels) };
}

export function createPresence({ db, now }: Pick<TrunkContext, 'db' | 'now'>): Presence {
  const written = new Map<string, { at: number; said: string; targets: readonly string[] }>();
  return {
    async introduced({ principal, name, profile, host, version }, targets) {
      const full = holderName(principal, name);
      const before = written.get(full);
      const worker = {
        ...{ name: full, host, version, profile: believed(principal, profile) },
        targets: targets ?? before?.targets ?? [],
      };
      const said = JSON.stringify(worker);
      if (before?.said === said && now() - before.at < FRESH) return;
      if (written.size >= MOST_NAMES) written.clear();
      written.set(full, { at: now(), said, targets: worker.targets });
      await saveWorker(db, worker, now());
    },
    async lives(worker) {
      const before = worker === null ? undefined : written.get(worker);
      if (worker === null || before === undefined || now() - before.at < FRESH) return;
      before.at = now();
      await touchWorker(db, worker, now());
    },
  };
}
