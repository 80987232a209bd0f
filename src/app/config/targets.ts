import { isAbsolute } from 'node:path';
import type { BaseRepository, FormatName, Limits, Target } from '../../model/index.ts';
import { readBaseRepository } from './base-repositories.ts';
import {
  defaultBuildPackages,
  defaultInstallPackages,
  distOf,
  formatOf,
  hostArch,
  partsOfName,
} from './distribution.ts';
import { check } from './issues.ts';
import type { MockConfiguration } from './mock/index.ts';
import { nameRule, targetSchema, type TargetInput } from './schema/index.ts';
import type { Report } from './report.ts';
import { didYouMean } from './suggest.ts';
import type { ConfigText, Path } from './yaml.ts';

/** The builders a target may name, with the formats each can build. */
export type BuilderFormats = Readonly<Record<string, readonly FormatName[]>>;

export const BUILDERS: BuilderFormats = { sandbox: ['rpm', 'deb'], mock: ['rpm'], sbuild: ['deb'] };

export interface TargetContext {
  config: ConfigText;
  report: Report;
  builders: BuilderFormats;
  limits: Limits;
  /** Where mock keeps its configurations. */
  mockDirectory?: string;
}

/** The targets, each with its defaults filled in; wrong ones are reported and left out. */
export async function readTargets(section: Record<string, unknown>, context: TargetContext): Promise<Target[]> {
  const targets: Target[] = [];
  for (const [name, raw] of Object.entries(section)) {
    const target = await readTarget(name, raw ?? {}, context);
    if (target) targets.push(target);
  }
  return targets;
}

/** The format of a target as far as it can be told, also when the target is wrong otherwise. */
export function formatOfTarget(name: string, raw: unknown): FormatName | undefined {
  const record = typeof raw === 'object' && raw !== null ? (raw as Record<string, unknown>) : {};
  const { format, distribution, base_from_mock: mock } = record;
  if (format === 'rpm' || format === 'deb') return format;
  if (format !== undefined) return undefined;
  const word = typeof distribution === 'string' ? distribution : partsOfName(name).distribution;
  return (word === undefined ? undefined : formatOf(word)) ?? (mock === undefined ? undefined : 'rpm');
}

async function readTarget(name: string, raw: unknown, context: TargetContext): Promise<Target | undefined> {
  const { report } = context;
  const path = ['targets', name];
  const before = report.mistakes.length;
  const refusal = nameRule(name);
  if (refusal) report.add(path, refusal.what, refusal.remedy, 'key');
  const { result: input, problems } = check(targetSchema, raw, (inner) => context.config.written([...path, ...inner]));
  report.addAll(problems, path);
  if (!input) return undefined;
  const format = formatOfTarget(name, raw);
  if (format === undefined) {
    report.add(path, 'the target’s name does not tell its format', 'add format: rpm or format: deb', 'key');
    return undefined;
  }
  checkBuilder(input, format, path, context);
  const mock = await readMock(input, format, path, context);
  const target = buildTarget(name, input, format, mock, context);
  checkBase(input, target, path, report);
  return report.mistakes.length > before ? undefined : target;
}

function checkBuilder(input: TargetInput, format: FormatName, path: Path, { report, builders }: TargetContext): void {
  const formats = Object.hasOwn(builders, input.builder) ? builders[input.builder] : undefined;
  if (!formats)
    report.add(
      [...path, 'builder'],
      `there is no builder ${JSON.stringify(input.builder)}`,
      didYouMean(input.builder, Object.keys(builders)),
    );
  else if (!formats.includes(format)) {
    const able = Object.keys(builders).filter((name) => builders[name]?.includes(format));
    report.add(
      [...path, 'builder'],
      `the builder ${input.builder} cannot build ${format} packages`,
      `use ${able.join(' or ')}`,
    );
  }
  if (format === 'deb' && input.version_form === 'dlrn')
    report.add([...path, 'version_form'], 'the form dlrn exists for rpm only', 'remove the key', 'key');
  if (formats && input.mock_config !== undefined && input.builder !== 'mock')
    report.add(
      [...path, 'mock_config'],
      `the builder ${input.builder} does not read it`,
      'remove the key, or use builder: mock',
      'key',
    );
  if (formats && input.root === 'host' && input.builder !== 'sandbox')
    report.add(
      [...path, 'root'],
      `the builder ${input.builder} makes its own roots`,
      'remove the key, or use builder: sandbox',
      'key',
    );
  if (format === 'rpm' && input.valid_for !== undefined)
    report.add([...path, 'valid_for'], 'valid_for exists for deb only', 'remove the key', 'key');
  checkComponents(input.components, format, [...path, 'components'], report);
  if (input.dist !== undefined && format === 'deb')
    report.add([...path, 'dist'], 'dist exists for rpm only', 'remove the key', 'key');
  checkMockName(input.mock_config, [...path, 'mock_config'], report);
}

function checkComponents(
  components: readonly string[] | undefined,
  format: FormatName,
  path: Path,
  report: Report,
): void {
  if (components === undefined) return;
  if (format === 'rpm') report.add(path, 'components exist for deb only', 'remove the key', 'key');
  else if (components.length === 0) report.add(path, 'the list is empty', 'name a component, or remove the key');
  const twice = components.find((one, place) => components.indexOf(one) !== place);
  if (twice !== undefined)
    report.add(
      [...path, components.lastIndexOf(twice)],
      `the component ${twice} is there twice`,
      'keep one of the two',
    );
}

/** A name in mock's directory or an absolute path: nothing that mock would read as an option, nothing relative to where we happen to run. */
function checkMockName(value: string | undefined, path: Path, report: Report): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are exactly what is looked for
  if (value === undefined || /^(\/[^\u0000-\u001f]+|[A-Za-z0-9][A-Za-z0-9._+-]*)$/.test(value)) return true;
  report.add(
    path,
    `${JSON.stringify(value)} is no name of a mock configuration`,
    'write a name in /etc/mock, as fedora-43-x86_64, or an absolute path',
  );
  return false;
}

async function readMock(
  input: TargetInput,
  format: FormatName,
  path: Path,
  context: TargetContext,
): Promise<MockConfiguration | undefined> {
  const key = [...path, 'base_from_mock'];
  if (input.base_from_mock === undefined || !checkMockName(input.base_from_mock, key, context.report)) return undefined;
  if (format === 'deb' || input.base) {
    const what = format === 'deb' ? 'mock configurations have no repositories for deb' : 'base is there as well';
    context.report.add(key, what, format === 'deb' ? 'use base' : 'keep one of base and base_from_mock', 'key');
    return undefined;
  }
  const { MockConfigurationError, readMockConfiguration } = await import('./mock/index.ts');
  try {
    return await readMockConfiguration(input.base_from_mock, context.mockDirectory);
  } catch (error) {
    if (!(error instanceof MockConfigurationError)) throw error;
    const remedy = isAbsolute(input.base_from_mock)
      ? 'correct that file, or write the repositories under base'
      : 'check the name and that mock-core-configs is installed, or write the repositories under base';
    context.report.add(key, `the mock configuration cannot be read: ${error.where}: ${error.message}`, remedy);
    return undefined;
  }
}

function buildTarget(
  name: string,
  input: TargetInput,
  format: FormatName,
  mock: MockConfiguration | undefined,
  context: TargetContext,
): Target {
  const parts = partsOfName(name);
  const distribution = input.distribution ?? parts.distribution;
  const release = input.release ?? mock?.release ?? parts.release;
  const arch = input.arch ?? mock?.arch ?? parts.arch ?? hostArch(format);
  const dnf = { release, arch };
  const written = (input.base ?? []).map((repository, index) =>
    readBaseRepository(repository, { format, index, path: ['targets', name, 'base', index], report: context.report }),
  );
  const base = [...written.filter((repository) => repository !== undefined), ...(mock?.repositories ?? [])];
  const mockPackages = mock && mock.buildPackages.length > 0 ? mock.buildPackages : undefined;
  const host = input.root === 'host';
  return {
    name,
    format,
    builder: input.builder,
    arch,
    dist: format === 'deb' ? '' : (input.dist ?? distOf(distribution, release)),
    baseRepositories: base.map((repository) => fillIn(repository, dnf, name, context.report)),
    root: input.root,
    buildPackages: input.build_packages ?? (host ? [] : (mockPackages ?? defaultBuildPackages(format, distribution))),
    installPackages: input.install_packages ?? (host ? [] : defaultInstallPackages(format)),
    versionForm: input.version_form,
    compression: input.compression,
    validFor: input.valid_for ?? null,
    components: format === 'deb' ? (input.components ?? ['main']) : [],
    restricted: input.restricted,
    mockConfig: input.mock_config ?? null,
    labels: input.labels,
    limits: { ...context.limits, ...definedOnly(input.limits) },
  };
}

function definedOnly(limits: TargetInput['limits']): Partial<Limits> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}

/** dnf's `$basearch` where it is not the architecture itself. */
const BASEARCH: Readonly<Record<string, string>> = { i586: 'i386', i686: 'i386', armv7hl: 'armhfp' };

/** dnf's variables are worked out here, because the dnf that runs belongs to the host and would put its own values in. */
function fillIn(
  repository: BaseRepository,
  { release, arch }: { release: string | undefined; arch: string },
  target: string,
  report: Report,
): BaseRepository {
  if (repository.kind === 'deb') return repository;
  const missing = new Set<string>();
  const fill = (text: string) =>
    text.replace(/\$\{?(releasever|basearch|arch)\b\}?/g, (variable, key: string) => {
      if (key === 'basearch') return BASEARCH[arch] ?? arch;
      if (key === 'arch') return arch;
      if (release === undefined) missing.add(variable);
      return release ?? variable;
    });
  const { baseurl, metalink, mirrorlist, gpgkey } = repository;
  const filled = {
    ...repository,
    baseurl: baseurl.map(fill),
    metalink: metalink === null ? null : fill(metalink),
    mirrorlist: mirrorlist === null ? null : fill(mirrorlist),
    gpgkey: gpgkey.map(fill),
  };
  if (missing.size > 0)
    report.add(
      ['targets', target],
      `its repository ${repository.id} needs $releasever`,
      'add release, as release: 43',
      'key',
    );
  return filled;
}

function checkBase(input: TargetInput, target: Target, path: Path, report: Report): void {
  const ids = target.baseRepositories.map((repository) => repository.id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined)
    report.add(
      [...path, 'base', ids.lastIndexOf(twice)],
      `two repositories have the id ${twice}`,
      'give each its own id',
    );
  const needed = target.root === 'prepared' && target.mockConfig === null && target.baseRepositories.length === 0;
  if (!needed || (input.base ?? []).length > 0 || input.base_from_mock !== undefined) return;
  const other = target.format === 'rpm' ? 'base or base_from_mock' : 'base';
  report.add(
    path,
    'the target has no base repositories to make its root from',
    `add ${other}${target.builder === 'sandbox' ? ', or root: host' : ''}`,
    'key',
  );
}
