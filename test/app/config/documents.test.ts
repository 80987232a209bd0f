import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { configDocs } from '../../../scripts/config-docs.ts';
import { configJsonSchema, initialConfig } from '../../../src/app/config/index.ts';
import { FRAME, mistakesIn, settingsOf } from './file.ts';

const top = new URL('../../../', import.meta.url);

test('docs/trunkline.schema.json and docs/configuration.md are current (node scripts/config-docs.ts writes them)', async () => {
  for (const [path, content] of Object.entries(await configDocs()))
    expect(await readFile(new URL(path, top), 'utf8'), path).toBe(content);
});

test('every key of the schema has a description, and so a line in the reference', async () => {
  const reference = await readFile(new URL('docs/configuration.md', top), 'utf8');
  const undescribed: string[] = [];
  const visit = (shape: unknown, path: string) => {
    if (typeof shape !== 'object' || shape === null) return;
    const { properties, anyOf, items, additionalProperties } = shape as Record<string, unknown>;
    for (const [key, value] of Object.entries((properties ?? {}) as Record<string, { description?: string }>)) {
      if (value.description === undefined) undescribed.push(`${path}.${key}`);
      if (path !== '') expect(reference).toContain(`${key}\` |`);
      visit(value, `${path}.${key}`);
    }
    for (const form of (anyOf ?? []) as unknown[]) visit(form, path);
    visit(items, `${path}[]`);
    visit(additionalProperties, `${path}.*`);
  };
  visit(configJsonSchema(), '');
  expect(undescribed).toEqual([]);
});

describe('the JSON Schema agrees with the checks', () => {
  // Through a validator made from the JSON Schema alone, as an editor has it.
  const schema = z.fromJSONSchema(configJsonSchema());
  test.each([
    [`${FRAME}projects: { a: {}, b: }`, true],
    ['jobs: 2\nlimits: { memory: 2GiB, time: 90 }', true],
    ['jbos: 2', false],
    ['targets: { "../x": { format: rpm } }', false],
    ['targets: { f: { format: rmp } }', false],
    ['projects: { a: { upstream: [1] } }', false],
    ['projects: { a: { version: { from: tag } } }', false],
  ])('%j', async (text, good) => {
    expect(schema.safeParse(parse(text)).success).toBe(good);
    expect((await mistakesIn(text)).length === 0).toBe(good);
  });
});

describe('the configuration that init writes', () => {
  const text = initialConfig({ schema: 'file:///x/trunkline.schema.json', dataDir: './data', signed: true });

  test('is valid, and names the schema in its first line', async () => {
    expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=file:///x/trunkline.schema.json');
    expect(await settingsOf(text)).toMatchObject({ targets: [], projects: [], logLevel: 'warn' });
  });

  test('has every key of the first level', () => {
    const { properties } = configJsonSchema() as { properties: Record<string, unknown> };
    for (const key of Object.keys(properties)) expect(text).toMatch(new RegExp(`^(# )?${key}:`, 'm'));
  });

  test('has examples that are valid, and values that are the defaults', async () => {
    const shown = text
      .replace(/^targets: \{\}$/m, '')
      .replace(/^projects: \{\}$/m, '')
      .replace(/^# Example:\n((?:# .*\n)+)/gm, (_, block: string) => block.replace(/^# /gm, ''))
      .replace(/^# (limits|mail):\n((?:# {3}.*\n)+)/gm, (block) => block.replace(/^# /gm, ''))
      .replace(/^# (max_retries|log_level):/gm, '$1:');
    const settings = await settingsOf(shown);
    const defaults = await settingsOf('');
    expect(settings.limits).toEqual(defaults.limits);
    expect([settings.maxRetries, settings.logLevel]).toEqual([defaults.maxRetries, defaults.logLevel]);
    expect(settings.mail?.logLines).toBe(40);
    expect(settings.targets.map(({ name }) => name)).toEqual(['fedora-43-x86_64', 'debian-12-amd64']);
    expect(settings.projects.map(({ name }) => name)).toEqual(['alpha', 'beta', 'gamma']);
  });
});
