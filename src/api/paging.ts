import { z } from 'zod';
import { TrunklineError } from '../lib/index.ts';

/** What every list takes. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(500).default(50).meta({ description: 'entries of a page' }),
  cursor: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,600}$/)
    .optional()
    .meta({ description: 'where the page begins: `next` of the page before it' }),
};

/** A page of a list. `next` begins the one after it; null: this is the last. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next: z.string().nullable() });
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

/** What names the place of an entry in its list: the values it is sorted by. Opaque to clients. */
export type CursorKeys = readonly (string | number)[];

export function encodeCursor(keys: CursorKeys): string {
  return Buffer.from(JSON.stringify(keys)).toString('base64url');
}

/** The values in a cursor, or undefined for none. @throws TrunklineError `invalid_argument` for one that no page gave */
export function decodeCursor<T extends z.ZodType>(keys: T, cursor: string | undefined): z.output<T> | undefined {
  if (cursor === undefined) return undefined;
  try {
    return keys.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  } catch {
    throw new TrunklineError('invalid_argument', 'The cursor is none of this list', {
      hint: 'take `next` of the page before, unchanged, or leave the cursor out to begin again',
    });
  }
}

/** The page that `found` begins, `found` having been asked for one entry more than `limit`. */
export function cutPage<T, R>(
  found: readonly T[],
  limit: number,
  { keys, view }: { keys: (item: T) => CursorKeys; view: (item: T) => R },
): Page<R> {
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(view),
    next: found.length > limit && last !== undefined ? encodeCursor(keys(last)) : null,
  };
}

/** The first `count` that fit; of those behind them nobody asks. */
export function firstFitting<T>(all: readonly T[], count: number, fits: (item: T) => boolean): T[] {
  const found: T[] = [];
  for (const item of all) {
    if (found.length === count) break;
    if (fits(item)) found.push(item);
  }
  return found;
}

/** Cursor values that are numbers or harmless text; PostgreSQL refuses NUL in text. */
export const cursorNumber = () => z.number().int().min(-Number.MAX_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER);
export const cursorText = () => z.string().regex(/^[\x20-\x7e]{0,300}$/);
