import { readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import type { RpmBaseRepository } from '../../../model/index.ts';
import { errnoOf } from '../../../lib/index.ts';
import { packageNameRule } from '../schema/rules.ts';
import { readRepositories } from './dnf-conf.ts';
import { interpret } from './python.ts';
import { expand } from './template.ts';
import { MockSyntaxError, unknownIn, type Value } from './values.ts';

/** What a target takes from a mock configuration. */
export interface MockConfiguration {
  /** Enabled repositories, with dnf's own variables (`$basearch`) still in them. */
  repositories: readonly RpmBaseRepository[];
  arch: string | null;
  release: string | null;
  /** What `chroot_setup_cmd` installs; empty when it cannot be read. */
  buildPackages: readonly string[];
}

/** Why a mock configuration cannot be used. `where` is `file` or `file:line`. */
export class MockConfigurationError extends Error {
  override readonly name = 'MockConfigurationError';
  readonly where: string;
  constructor(where: string, message: string) {
    super(message);
    this.where = where;
  }
}

export const MOCK_DIRECTORY = '/etc/mock';
const LARGEST_FILE = 1_000_000;
const MOST_FILES = 50;

/** Names a template may use that mock itself sets. */
const MOCK_OWN: readonly [string, Value][] = [
  ['koji_primary_repo', null],
  ['mirrored', true],
  ['user_agent', 'trunkline'],
  ['version', '6'],
];

/**
 * Reads a mock configuration (a name in /etc/mock or an absolute path) with what it includes, without executing it.
 * @throws MockConfigurationError where it is not understood.
 */
export async function readMockConfiguration(
  nameOrPath: string,
  directory = MOCK_DIRECTORY,
): Promise<MockConfiguration> {
  const path = isAbsolute(nameOrPath) ? nameOrPath : join(directory, `${nameOrPath.replace(/\.cfg$/, '')}.cfg`);
  const options = new Map(MOCK_OWN);
  await readInto(options, path, [dirname(path), directory]);
  if (!options.has('repo_arch')) {
    const arch = options.get('target_arch');
    const map = options.get('repo_arch_map');
    options.set(
      'repo_arch',
      (map instanceof Map && typeof arch === 'string' ? map.get(arch) : undefined) ?? arch ?? null,
    );
  }
  return {
    repositories: repositoriesOf(options, path),
    arch: expanded(options, 'target_arch', path),
    release: expanded(options, 'releasever', path),
    buildPackages: setupPackages(expanded(options, 'chroot_setup_cmd', path)),
  };
}

async function readInto(options: Map<string, Value>, top: string, searchPath: readonly string[]): Promise<void> {
  const seen = new Set<string>();
  const readOne = async (path: string, from: string): Promise<void> => {
    // mock leaves a second inclusion of one file out as well.
    if (seen.has(path)) return;
    seen.add(path);
    if (seen.size > MOST_FILES) throw new MockConfigurationError(from, `more than ${MOST_FILES} files are included`);
    const source = await readSource(path, from);
    const include = async (name: string, line: number) => {
      await readOne(await findIncluded(name, searchPath), `${path}:${line}`);
    };
    try {
      await interpret(source, { options, include });
    } catch (error) {
      if (error instanceof MockSyntaxError) throw new MockConfigurationError(`${path}:${error.line}`, error.message);
      throw error;
    }
  };
  await readOne(top, top);
}

async function findIncluded(name: string, searchPath: readonly string[]): Promise<string> {
  if (isAbsolute(name)) return name;
  for (const directory of searchPath) {
    const path = join(directory, name);
    if (await stat(path).catch(() => undefined)) return path;
  }
  return join(searchPath[0] ?? '/', name);
}

async function readSource(path: string, from: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > LARGEST_FILE) throw new MockConfigurationError(path, 'the file is larger than 1 MB');
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof MockConfigurationError) throw error;
    throw new MockConfigurationError(from, `${path} cannot be read: ${errnoOf(error) ?? String(error)}`);
  }
}

/** The option `key` with its templates worked out; null when it is not set or not known. */
function expanded(options: Map<string, Value>, key: string, path: string): string | null {
  const value = options.get(key);
  if (typeof value !== 'string') return null;
  try {
    const text = expand(value, options);
    return unknownIn(text) === undefined ? text : null;
  } catch (error) {
    if (error instanceof MockSyntaxError)
      throw new MockConfigurationError(path, `config_opts['${key}'], line ${error.line}: ${error.message}`);
    throw error;
  }
}

function repositoriesOf(options: Map<string, Value>, path: string): RpmBaseRepository[] {
  const key = ['dnf.conf', 'dnf5.conf', 'yum.conf'].find((candidate) => typeof options.get(candidate) === 'string');
  const template = key === undefined ? undefined : options.get(key);
  if (key === undefined || typeof template !== 'string')
    throw new MockConfigurationError(path, "it sets no config_opts['dnf.conf'] that can be read");
  try {
    return readRepositories(expand(template, options));
  } catch (error) {
    if (error instanceof MockSyntaxError)
      throw new MockConfigurationError(path, `config_opts['${key}'], line ${error.line}: ${error.message}`);
    throw new MockConfigurationError(path, error instanceof Error ? error.message : String(error));
  }
}

/** `install @buildsys-build bash` → the packages. */
function setupPackages(command: string | null): string[] {
  const [verb, ...packages] = (command ?? '').split(/\s+/).filter((word) => word !== '');
  if (verb === undefined || !/^(group)?install$/.test(verb)) return [];
  const names = packages.filter((name) => !name.startsWith('-'));
  return names.every((name) => packageNameRule(name) === undefined) ? names : [];
}
