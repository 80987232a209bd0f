import { z } from 'zod';
import { duration, size } from './fields.ts';

/** Limits as a target may override them. All are optional here; `LIMIT_DEFAULTS` fills what nobody set. */
const limitFields = {
  memory: size().describe('Memory of one build or check, all its processes together.'),
  processes: z.int().min(16).max(1_000_000).describe('Processes and threads of one build or check at once.'),
  disk: size().describe('What one build or check may write.'),
  time: duration().describe('Wall clock of one build; more ends it with the reason `timeout`.'),
  output: size().describe('Log one build may print; more ends it.'),
};

export const targetLimitsSchema = z.strictObject({
  memory: limitFields.memory.optional(),
  processes: limitFields.processes.optional(),
  disk: limitFields.disk.optional(),
  time: limitFields.time.optional(),
  output: limitFields.output.optional(),
});

export const limitsSchema = z.strictObject({
  memory: limitFields.memory.prefault('4GiB'),
  processes: limitFields.processes.prefault(2048),
  disk: limitFields.disk.prefault('10GiB'),
  time: limitFields.time.prefault('2h'),
  output: limitFields.output.prefault('100MiB'),
  source_size: size().describe('The upstream tree of one commit, unpacked.').prefault('2GiB'),
});
