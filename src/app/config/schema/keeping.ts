import { z } from 'zod';
import { duration, listOf, text } from './fields.ts';
import { refNameRule } from './rules.ts';

/** What `trunkline gc` keeps, and how long it waits. */
export const gcSchema = z.strictObject({
  older_than: duration()
    .describe('Snapshots younger than this are kept. `trunkline gc --older-than` says otherwise for once.')
    .prefault('30d'),
  keep_last: z
    .int()
    .min(1)
    .max(1_000_000)
    .describe('The newest snapshots of each target that are kept, however old. `--keep-last` says otherwise for once.')
    .prefault(50),
  keep_promotions: z
    .int()
    .min(1)
    .max(100_000)
    .describe('The newest promotions of each name whose snapshots are kept; those taken back are not counted.')
    .prefault(10),
  grace: duration().describe('What goes is announced this long before.').prefault('14d'),
});

/** Which snapshots a plain web server finds as files. */
export const materialisedSchema = z.strictObject({
  keep_last: z
    .int()
    .min(1)
    .max(1_000_000)
    .describe('The newest snapshots of each target that exist as files, besides what refs and holds point at.')
    .prefault(100),
  grace: duration()
    .describe(
      'Files of others stay this long after they were made, after `trunkline snapshot materialise`, and after a ref moved away from them.',
    )
    .prefault('7d'),
});

export const protectedRefsSchema = listOf(text(refNameRule));
