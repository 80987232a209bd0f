import { z } from 'zod';
import { configSchema } from './schema/index.ts';

/**
 * The JSON Schema (draft 7, which editors' YAML servers read) of the configuration file. What a schema cannot say, such as which project names
 * which target, `trunkline config check` says.
 */
export function configJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7' });
  return {
    $schema,
    title: 'Trunkline configuration',
    description: 'trunkline.yaml: what is packaged, for what, and where it is kept.',
    ...schema,
  };
}
