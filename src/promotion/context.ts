import type { Db } from '../db/index.ts';
import type { Mutexes } from '../lib/index.ts';
import type { Settings, Target } from '../model/index.ts';
import type { Repository } from '../repos/index.ts';

/** What the rules of refs work with; the trunk line's context is one. */
export interface PromotionContext {
  settings: Settings;
  db: Db;
  repository: (target: Target) => Repository;
  mutexes: Mutexes;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** Who asks for something by hand, and why. */
export interface Order {
  actor: string;
  reason: string;
}
