import { z } from 'zod';
import { NAME } from '../../model/index.ts';

/** Names of projects and targets, as the configuration takes them. */
export const name = () => z.string().regex(NAME);
export const refName = () => z.string().regex(/^[a-z][a-z0-9._-]{0,99}$/);
/** Words of packages: no character that is blank, steers anything, or that a database refuses. */
export const packageWord = () => z.string().regex(/^[\x21-\x7e]{1,300}$/);
/** A moment, ISO 8601 in UTC. */
export const time = () => z.iso.datetime().meta({ description: 'ISO 8601, UTC' });
/** A number in an address or a query. */
export const number = (largest = Number.MAX_SAFE_INTEGER) => z.coerce.number().int().min(1).max(largest);
export const hash = () => z.string().regex(/^[0-9a-f]{64}$/);
/** Eight digits of a snapshot's hash or more, or the name of a ref that points at it. */
export const snapshotName = () =>
  z
    .string()
    .regex(/^[0-9A-Za-z][0-9A-Za-z._-]{0,99}$/)
    .meta({ description: 'eight digits of the hash or more, or a ref that points at it' });

export const commit = z
  .object({
    hash: z.string(),
    authorName: z.string(),
    authorEmail: z.string(),
    authorTime: z.number().meta({ description: 'seconds since the epoch' }),
    committerTime: z.number().meta({ description: 'seconds since the epoch' }),
    subject: z.string(),
  })
  .meta({ id: 'Commit' });
