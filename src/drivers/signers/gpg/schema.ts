import { z } from 'zod';

/** A key that Trunkline made. */
export interface OwnKey {
  fingerprint: string;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** Milliseconds since the epoch; null while clients shall trust it. */
  retiredAt: number | null;
}

/** keys.json beside the keys: which of them count, the newest first. */
export const ownKeysSchema = z.object({
  version: z.literal(1),
  keys: z.array(
    z.object({
      fingerprint: z.string().regex(/^[0-9A-F]{40,64}$/),
      createdAt: z.int().nonnegative(),
      retiredAt: z.int().nonnegative().nullable(),
    }),
  ),
});
