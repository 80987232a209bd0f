import { z } from 'zod';

/** What every event has (Gerrit's stream-events). */
export const eventSchema = z.object({ type: z.string().regex(/^[a-z0-9-]{1,100}$/) });

/** Of `ref-updated`, what we read. */
export const refUpdatedSchema = z.object({
  refUpdate: z.object({ project: z.string().max(1000), refName: z.string().max(1000) }),
});
