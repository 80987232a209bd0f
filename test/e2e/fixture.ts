import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, onTestFinished, vi } from 'vitest';
import { stringify } from 'yaml';
import { createFixture, type Fixture, type FixtureCommit } from '../lib/git/fixture.ts';
import { start, type Finished, type RunningCommand } from './command-line.ts';
import { baseRepositories, DEB, giveRoots, preparedRoots, RPM, targetEntries, type Base } from './prepared-roots.ts';
import { debPackaging, rpmPackaging, upstream, type Files } from './samples.ts';
import type { BuildView } from './views.ts';

export { start, until, type Finished, type RunningCommand } from './command-line.ts';
export { DEB, RPM } from './prepared-roots.ts';
export type { Fixture } from '../lib/git/fixture.ts';

/** A project as the configuration has it; keys as in trunkline.yaml. */
export type ProjectEntry = Record<string, unknown>;

export interface DeploymentOptions {
  projects?: Record<string, ProjectEntry>;
  /** Further keys of the configuration's top: `limits`, `mail`, `max_retries`. */
  settings?: Record<string, unknown>;
  /** Default: `data` in the deployment's directory. */
  dataDir?: string;
}

/** A deployment in a temporary directory: configuration, prepared roots, no build yet. */
export interface Deployment {
  directory: string;
  dataDir: string;
  config: string;
  base: Base;
  /** Runs a command to its end. */
  cli: (...args: string[]) => Promise<Finished>;
  /** The same with `--json`; its exit code has to be `code`. */
  json: <T = unknown>(args: readonly string[], code?: number) => Promise<T>;
  start: (...args: string[]) => RunningCommand;
  /** Writes the configuration anew. */
  configure: (options: Pick<DeploymentOptions, 'projects' | 'settings'>) => Promise<void>;
  /** An empty git repository in the deployment's directory. */
  repository: (name: string) => Promise<Fixture>;
}

/** Makes a deployment that is removed when the test has finished. */
export async function deploy(options: DeploymentOptions = {}): Promise<Deployment> {
  const directory = await mkdtemp(join(tmpdir(), 'trunkline-e2e-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await chmod(directory, 0o755);
  const base = await baseRepositories();
  const dataDir = options.dataDir ?? join(directory, 'data');
  await mkdir(dataDir, { recursive: true });
  // Where a deployment keeps what is its own: local_dir's default.
  await giveRoots(options.settings?.database === undefined ? dataDir : join(dataDir, 'local', hostname()), base);
  const config = join(directory, 'trunkline.yaml');
  const configure: Deployment['configure'] = async ({ projects = {}, settings = {} }) => {
    const { targets = {}, ...top } = settings as { targets?: Record<string, object> };
    const known = Object.entries(targetEntries(base)).map(([name, entry]) => [name, { ...entry, ...targets[name] }]);
    const whole = { data_dir: dataDir, jobs: 2, ...top, targets: Object.fromEntries(known) as object, projects };
    await writeFile(config, stringify(whole));
  };
  await configure(options);
  const cli = (...args: string[]) => start(['--config', config, ...args]).done;
  return {
    ...{ directory, dataDir, config, base, cli, configure },
    start: (...args) => start(['--config', config, ...args]),
    json: async <T>(args: readonly string[], code = 0) => {
      const finished = await cli(...args, '--json');
      if (finished.code !== code)
        throw new Error(
          `trunkline ${args.join(' ')} exited with ${String(finished.code)}: ${finished.stderr}\n${finished.stdout}`,
        );
      return JSON.parse(finished.stdout) as T;
    },
    repository: (name) => createFixture(join(directory, 'git', name)),
  };
}

/** A sample with its two repositories and its entry in the configuration. */
export interface Sample {
  name: string;
  upstream: Fixture;
  packaging: Fixture;
  entry: ProjectEntry;
  /** Commits to upstream: what the package contains, and what its build does. Answers the hash. */
  push: (content: string, build?: string, more?: Partial<FixtureCommit>) => Promise<string>;
}

export type Formats = 'rpm' | 'deb' | 'both';

/** A project with one upstream commit, tagged v1.0, and one packaging commit. */
export async function addSample(
  deployment: Deployment,
  name: string,
  options: { formats?: Formats; packaging?: Files; first?: Files } = {},
): Promise<Sample> {
  const { formats = 'rpm' } = options;
  const source = await deployment.repository(`${name}-upstream`);
  const packaging = await deployment.repository(`${name}-packaging`);
  const files = {
    ...(formats === 'deb' ? {} : rpmPackaging(name)),
    ...(formats === 'rpm' ? {} : debPackaging(name)),
  };
  await packaging.commit({ message: `Package ${name}`, files: options.packaging ?? files });
  const first = await source.commit({ message: `Begin ${name}`, files: options.first ?? upstream('one') });
  await source.git('tag', 'v1.0', first);
  const wanted = { rpm: ['rpm'], deb: ['deb'], both: ['rpm', 'deb'] }[formats];
  return {
    name,
    upstream: source,
    packaging,
    entry: {
      upstream: source.path,
      packaging: Object.fromEntries(wanted.map((format) => [format, packaging.path])),
      targets: { rpm: [RPM], deb: [DEB], both: [RPM, DEB] }[formats],
    },
    push: (content, build, more = {}) =>
      source.commit({ message: `Say ${content}`, files: upstream(content, build), ...more }),
  };
}

/** A deployment with samples of these names. */
export async function deploySamples(
  names: readonly string[],
  options: { formats?: Formats; settings?: Record<string, unknown> } = {},
): Promise<Deployment & { samples: Sample[] }> {
  const deployment = await deploy(options.settings === undefined ? {} : { settings: options.settings });
  const samples: Sample[] = [];
  for (const name of names) samples.push(await addSample(deployment, name, options));
  const projects = Object.fromEntries(samples.map(({ name, entry }) => [name, entry]));
  await deployment.configure({ projects, settings: options.settings ?? {} });
  return { ...deployment, samples };
}

// Many builds, each with a real package manager, on a machine that may have other work.
vi.setConfig({ testTimeout: 420_000 });

// The first time on a machine the base repositories and the roots are made: two or three minutes.
beforeAll(async () => {
  await preparedRoots(await baseRepositories());
}, 600_000);

/** The builds that are going on; none before the first run has made a database. */
export async function runningBuilds({ cli }: Pick<Deployment, 'cli'>): Promise<BuildView[]> {
  const { code, stdout } = await cli('builds', '--state', 'running', '--json');
  return code === 0 ? (JSON.parse(stdout) as BuildView[]) : [];
}

/** The one element of a list. */
export function only<T>(list: readonly T[]): T {
  const [first] = list;
  if (first === undefined || list.length !== 1) throw new Error(`there are ${list.length}, not one`);
  return first;
}
