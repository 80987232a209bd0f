import { z } from 'zod';
import { name, packageWord, snapshotName, time } from './fields.ts';
import { refMoveSchema } from './snapshots.ts';

const why = () => z.string().trim().min(1).max(10_000);
const reason = why().optional().meta({ description: 'kept in the audit log' });
const force = z.boolean().default(false);
const until = time().optional().meta({ description: 'when it ends by itself; absent: when somebody ends it' });

export const recheckedSchema = z
  .object({
    build: z.int(),
    project: name(),
    target: name(),
    made: z.boolean().meta({ description: 'false: it was in the queue already' }),
  })
  .meta({ id: 'Rechecked' });

export const recheckBody = z.object({
  force: force.meta({ description: 'build a success again too, under a new release' }),
  reason,
});
export const recheckProjectBody = recheckBody.extend({ target: name().optional() });
export const reasonBody = z.object({ reason });

export const polledSchema = z
  .object({
    project: name(),
    askedAt: time(),
    polledAt: time().nullable().meta({ description: 'when it was looked at last; null: never' }),
    error: z.string().nullable().meta({ description: 'why that failed' }),
  })
  .meta({ id: 'Polled' });

export const workerBody = z.object({
  worker: z.string().min(1).max(300).meta({ description: 'its name, or the last part of it where only one has that' }),
  reason,
});
export const drainedSchema = z
  .object({
    worker: z.string(),
    drainedAt: time().nullable().meta({ description: 'since when it takes nothing new; null: it takes builds' }),
    running: z.int().meta({ description: 'builds that it still makes' }),
  })
  .meta({ id: 'WorkerDrained' });

const moving = { force: force.meta({ description: 'a protected ref too' }), reason: why() };
export const refSetBody = z.object({ snapshot: snapshotName(), ...moving });
export const refOrderBody = z.object(moving);
/** null: it points there already. */
export const refSetSchema = z.object({ move: refMoveSchema.nullable() }).meta({ id: 'RefSet' });

export const holdBody = z.object({ reason: why(), until });
export const holdSchema = z
  .object({
    id: z.int(),
    target: name(),
    reason: z.string(),
    actor: z.string(),
    snapshot: z.string(),
    createdAt: time(),
    until: time().nullable(),
    endedAt: time().nullable(),
  })
  .meta({ id: 'Hold' });
export type HoldResource = z.output<typeof holdSchema>;

export const pinBody = z.object({
  version: packageWord().meta({ description: 'as published, or seven digits of its upstream commit or more' }),
  target: name().optional(),
  reason: why(),
  until,
});
export const unpinBody = z.object({ target: name().optional(), reason });
export const pinSchema = z
  .object({
    id: z.int(),
    project: name(),
    target: name(),
    version: z.string(),
    commit: z.string(),
    actor: z.string(),
    reason: z.string(),
    createdAt: time(),
    until: time().nullable(),
  })
  .meta({ id: 'Pin' });
export type PinResource = z.output<typeof pinSchema>;

const snapshot = z.string().nullable().meta({ description: 'made for it; null: current was so already' });
export const pinnedSchema = z
  .object({
    pinned: z.array(pinSchema.extend({ snapshot }).meta({ id: 'PinMade' })),
    without: z.array(z.string()).meta({ description: 'targets for which that version was never published' }),
  })
  .meta({ id: 'Pinned' });
export const unpinnedSchema = z
  .object({ unpinned: z.array(z.object({ project: name(), target: name(), snapshot })) })
  .meta({ id: 'Unpinned' });

export const materialisedSchema = z
  .object({
    target: name(),
    snapshot: z.string(),
    wasThere: z.boolean().meta({ description: 'its files were there already' }),
    repository: z.string().meta({ description: 'path on this server' }),
    until: time().meta({ description: 'it stays so long at least' }),
  })
  .meta({ id: 'Materialised' });

export const quarantineBody = z.object({
  file: packageWord().meta({ description: 'its name: of the package itself, or of what a .dsc names' }),
});
export const quarantinedSchema = z
  .object({
    quarantined: z.string().nullable().meta({ description: 'where it lies; null: it is not damaged, or not there' }),
  })
  .meta({ id: 'Quarantined' });

export const fingerprint = () =>
  z
    .string()
    .regex(/^[0-9A-Fa-f]{4,64}$/)
    .meta({ description: 'of a key' });
export const keySchema = z
  .object({ fingerprint: fingerprint(), createdAt: time(), retiredAt: time().nullable() })
  .meta({ id: 'SigningKey' });
export type KeyResource = z.output<typeof keySchema>;
