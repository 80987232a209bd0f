import { sql } from 'kysely';
import type { BuildState } from '../model/index.ts';

/** States as they stand in a statement: SQLite uses an index with a condition only where the condition is written out, not bound. */
export const written = (state: BuildState) => sql.lit(state);

export const PENDING = written('pending');
export const RUNNING = written('running');
export const FINISHED = written('finished');
