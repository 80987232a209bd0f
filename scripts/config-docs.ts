// Writes docs/trunkline.schema.json and docs/configuration.md from the configuration's schema: node scripts/config-docs.ts
import { writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { configJsonSchema, configurationReference } from '../src/app/config/index.ts';

/** The two files by path below the project's top, as they should be. */
export async function configDocs(): Promise<Record<string, string>> {
  const schema = await format(JSON.stringify(configJsonSchema()), { parser: 'json', printWidth: 120 });
  return { 'docs/trunkline.schema.json': schema, 'docs/configuration.md': configurationReference() };
}

if (import.meta.main)
  for (const [path, content] of Object.entries(await configDocs()))
    writeFileSync(new URL(`../${path}`, import.meta.url), content);
