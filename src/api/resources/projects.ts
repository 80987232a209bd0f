import { z } from 'zod';
import { FORMAT_NAMES } from '../../model/index.ts';
import { name } from './fields.ts';

const branch = z.object({ url: z.string().meta({ description: 'without credentials' }), branch: z.string() });

export const projectSchema = z
  .object({
    name: name(),
    upstream: branch,
    packaging: z.partialRecord(z.enum(FORMAT_NAMES), branch.extend({ path: z.string() })),
    component: z.string().nullable(),
    tags: z.array(z.string()),
    targets: z.array(name()),
  })
  .meta({ id: 'Project' });
export type ProjectResource = z.output<typeof projectSchema>;

export const targetSchema = z
  .object({
    name: name(),
    format: z.enum(FORMAT_NAMES),
    arch: z.string(),
    builder: z.string(),
    dist: z.string(),
    repository: z.string().meta({ description: 'path of its repositories on this server' }),
  })
  .meta({ id: 'Target' });
export type TargetResource = z.output<typeof targetSchema>;
