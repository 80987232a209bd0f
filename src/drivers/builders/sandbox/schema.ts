import { z } from 'zod';

const names = z.array(z.string());

/** What the program in dnf-program.ts says of its work, a line each. */
export const dnfReportSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('resolved'), added: names, installed: names, layer: z.string().nullable() }),
  z.object({ kind: z.literal('downloaded') }),
  z.object({ kind: z.literal('installed') }),
  z.object({
    kind: z.literal('failure'),
    reason: z.enum(['infrastructure', 'unresolvable', 'transaction', 'scriptlet']),
    words: z.string(),
  }),
]);
export type DnfReport = z.infer<typeof dnfReportSchema>;

/** `root.json` of a prepared root. */
export const rootSchema = z.object({ key: z.string() });
