import type { ColumnType } from 'kysely';

/** JSON as text in both engines: PostgreSQL's jsonb refuses `\u0000`, which text from outside may contain. */
export type Json = string;
/** Milliseconds since the epoch. */
export type Time = number;
/** Set once, at insertion. */
export type Fixed<T> = ColumnType<T, T, never>;
