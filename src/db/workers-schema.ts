import type { Fixed, Json, Time } from './column-types.ts';

export interface WorkersTable {
  /** As it holds attempts: `worker/TOKEN/NAME`; of a server that builds itself `serve@NAME`. */
  name: Fixed<string>;
  host: string;
  version: string;
  /** What it has, labels as far as they were granted. */
  profile: Json;
  /** Names of those it is ready for. */
  targets: Json;
  first_seen_at: Fixed<Time>;
  seen_at: Time;
  /** Since when it is to take nothing new. */
  drained_at: Time | null;
}

export interface WorkersSchema {
  workers: WorkersTable;
}
