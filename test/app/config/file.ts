import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { checkConfig, type LoadOptions } from '../../../src/app/config/index.ts';
import type { Settings } from '../../../src/model/index.ts';

const directories: string[] = [];

afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

/** A directory that goes with the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'trunkline-config-'));
  directories.push(directory);
  return directory;
}

/** The mistakes of a configuration as `line:column: what; remedy`. */
export async function mistakesIn(text: string, options: LoadOptions = {}): Promise<string[]> {
  const { mistakes } = await checkText(text, options);
  return mistakes.map(({ line, column, what, remedy }) => `${line}:${column}: ${what}; ${remedy}`);
}

/** The settings of a configuration that has no mistakes. */
export async function settingsOf(text: string, options: LoadOptions = {}): Promise<Settings> {
  const { settings, mistakes } = await checkText(text, options);
  if (!settings) throw new Error(JSON.stringify(mistakes, null, 1));
  return settings;
}

async function checkText(text: string, options: LoadOptions) {
  const file = join(await temporaryDirectory(), 'trunkline.yaml');
  await writeFile(file, text);
  return checkConfig({ environment: {}, ...options, config: file });
}

/** Targets and defaults with which a project may be empty. */
export const FRAME = `
targets:
  fedora-43-x86_64: { root: host }
  debian-12-amd64: { root: host }
defaults:
  upstream: { url: "https://git.example.org/%(name)s" }
  packaging: { rpm: "https://git.example.org/rpms/%(name)s", deb: "https://git.example.org/debs/%(name)s" }
`;
