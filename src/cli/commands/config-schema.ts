import { defineCommand } from '../command.ts';

export const configSchema = defineCommand<Record<string, never>>({
  path: ['config', 'schema'],
  summary: 'print the JSON Schema of the configuration, for editors',
  details:
    'The same schema is in docs/trunkline.schema.json, which the first line of a file made by "trunkline init" names.',
  run: async ({ print }) => {
    const { configJsonSchema } = await import('../../app/config/index.ts');
    print.passOn(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
    return 0;
  },
});
