import { dirname } from 'node:path';
import type { Limits, Settings } from '../../model/index.ts';
import { findConfig, readConfigFile } from './find.ts';
import { readGeneral } from './general.ts';
import { ConfigError, inOrder, type Mistake } from './mistakes.ts';
import { readProjects } from './projects.ts';
import { createReport, mappingAt, type Report } from './report.ts';
import { limitDefaults } from './schema/index.ts';
import { registerAddresses, registerEnvironment, type Environment } from './secrets.ts';
import { BUILDERS, formatOfTarget, readTargets, type BuilderFormats } from './targets.ts';
import { readYaml, type ConfigText } from './yaml.ts';

export interface LoadOptions {
  /** What `--config` said. */
  config?: string | undefined;
  environment?: Environment;
  /** The current directory. */
  directory?: string;
  /** Builders a target may name. Default: the built-in ones. */
  builders?: BuilderFormats;
  /** Where mock keeps its configurations. Default: /etc/mock. */
  mockDirectory?: string;
}

/** What came of checking a configuration: the settings, or the mistakes that stand in their way. */
export interface CheckedConfig {
  file: string;
  settings: Settings | null;
  mistakes: readonly Mistake[];
}

/**
 * The configuration, checked and filled in.
 * @throws ConfigError with every mistake in it; TrunklineError `not_found` when there is no file.
 */
export async function loadSettings(options: LoadOptions = {}): Promise<Settings> {
  const { file, settings, mistakes } = await checkConfig(options);
  if (!settings) throw new ConfigError(file, mistakes);
  return settings;
}

/** All mistakes of a configuration. @throws TrunklineError when there is no file to check. */
export async function checkConfig(options: LoadOptions = {}): Promise<CheckedConfig> {
  const environment = options.environment ?? process.env;
  const file = await findConfig({ config: options.config, environment, directory: options.directory ?? process.cwd() });
  const { config, mistakes } = readYaml(file, await readConfigFile(file));
  if (!config) return { file, settings: null, mistakes: inOrder(mistakes) };
  const report = createReport(config);
  const settings = await readSections(config, report, { ...options, environment });
  const all = inOrder([...mistakes, ...report.mistakes]);
  return { file, settings: all.length === 0 && settings ? settings : null, mistakes: all };
}

async function readSections(
  config: ConfigText,
  report: Report,
  options: LoadOptions & { environment: Environment },
): Promise<Settings | undefined> {
  const {
    targets: rawTargets,
    projects: rawProjects,
    defaults: rawDefaults,
    ...rest
  } = mappingAt(config.value, [], report);
  const source = { environment: options.environment, directory: dirname(config.file), report };
  const general = readGeneral(rest, config, source);
  const targetSection = mappingAt(rawTargets, ['targets'], report);
  const builders = options.builders ?? BUILDERS;
  const targets = await readTargets(targetSection, {
    config,
    report,
    builders,
    limits: general ? limitsOf(general.limits) : limitsOf(limitDefaults()),
    ...(options.mockDirectory === undefined ? {} : { mockDirectory: options.mockDirectory }),
  });
  const projects = readProjects(mappingAt(rawProjects, ['projects'], report), {
    config,
    report,
    defaults: mappingAt(rawDefaults, ['defaults'], report),
    targetFormats: new Map(Object.entries(targetSection).map(([name, raw]) => [name, formatOfTarget(name, raw)])),
  });
  if (general === undefined) return undefined;
  const settings = { ...general, targets, projects };
  registerEnvironment(options.environment);
  registerAddresses(settings);
  return settings;
}

function limitsOf({ memory, processes, disk, time, output }: Limits): Limits {
  return { memory, processes, disk, time, output };
}
