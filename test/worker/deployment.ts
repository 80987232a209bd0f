import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { loadSettings } from '../../src/app/config/index.ts';
import { openMirrors, type TrunkContext } from '../../src/builds/index.ts';
import { findBuild, openDatabase, sqliteUrl, type Db } from '../../src/db/index.ts';
import type { Build, FormatName } from '../../src/model/index.ts';
import { discoverProject } from '../../src/trunk/discover.ts';
import { recordFound } from '../../src/trunk/record.ts';
import { addSample, deploy, start, until, type Deployment, type RunningCommand, type Sample } from '../e2e/fixture.ts';
import { giveRoots } from '../e2e/prepared-roots.ts';
import { serveDeployment, type RunningServer } from '../server/serving.ts';

/** A deployment for workers: a server that builds nothing itself, its database beside it, and tokens of two workers. */
export interface Workshop {
  deployment: Deployment;
  /** The server's database, for what other rooms of the house do: discovery, cancelling. */
  db: Db;
  tokens: Record<'one' | 'two', string>;
  serve: () => Promise<RunningServer>;
  /** Looks for new commits, as the server's polling does. */
  discover: (project: string, format?: FormatName) => Promise<void>;
  /** The build, when it has finished. */
  finished: (id: number, timeout?: number) => Promise<Build>;
  /** `host`: the network namespace it runs in. `place`: the directory its own is made in. `env`: what its environment has besides. */
  worker: (
    name: 'one' | 'two',
    url: string,
    where?: { host?: string; place?: string; env?: Record<string, string> },
  ) => Promise<RunningWorker>;
}

export interface RunningWorker {
  command: RunningCommand;
  dataDir: string;
  /** What it has told so far. */
  events: () => Record<string, unknown>[];
}

/** Milliseconds for a build by a worker, on a machine that may have other work. */
export const BUILT = 120_000;

export async function openWorkshop(
  samples: (deployment: Deployment) => Promise<Sample[]>,
  settings: Record<string, unknown> = {},
): Promise<Workshop> {
  const deployment = await deploy();
  const { directory, dataDir, config } = deployment;
  const projects = Object.fromEntries((await samples(deployment)).map(({ name, entry }) => [name, entry]));
  await deployment.configure({ projects, settings: { server: { worker_lease: '8s' }, ...settings } });
  const tokenOf = async (name: string) => {
    const made = await deployment.json<{ token: string }>(['token', 'create', `worker/${name}`, '--target', '*']);
    return made.token;
  };
  const tokens = { one: await tokenOf('one'), two: await tokenOf('two') };
  const read = await loadSettings({ config });
  const db = await openDatabase({ url: sqliteUrl(join(dataDir, 'trunkline.sqlite')), mode: 'write' });
  onTestFinished(() => db.close());
  const context = { settings: read, db, mirrors: openMirrors(join(dataDir, 'git')), now: Date.now };
  return {
    ...{ deployment, db, tokens },
    serve: () => serveDeployment(config),
    discover: async (name, format = 'rpm') => {
      const project = read.projects.find((one) => one.name === name);
      if (project === undefined) throw new Error(`there is no project ${name}`);
      const fresh = { ...context, mirrors: openMirrors(join(dataDir, 'git')) } as unknown as TrunkContext;
      const options = { since: null, signal: new AbortController().signal };
      const found = await discoverProject(fresh, project, format, options);
      await recordFound(fresh, found, { headOnly: false, priorities: new Map() });
    },
    finished: (id, timeout = BUILT) =>
      until(
        `build ${String(id)} to finish`,
        async () => {
          const build = await findBuild(db, id);
          return build?.state === 'finished' ? build : undefined;
        },
        timeout,
      ),
    worker: async (name, url, { host, place = directory, env } = {}) => {
      const worker = join(place, `worker-${name}-${String(Math.random()).slice(2, 8)}`);
      await mkdir(worker);
      await chmod(worker, 0o755);
      await giveRoots(worker, deployment.base);
      return startWorker(worker, { name, url, token: tokens[name], ...(host && { host }), ...(env && { env }) });
    },
  };
}

/** `trunkline worker` as a process of its own; ended when the test has finished. */
export async function startWorker(
  dataDir: string,
  {
    name,
    url,
    token,
    host,
    env,
  }: { name: string; url: string; token: string; host?: string; env?: Record<string, string> },
): Promise<RunningWorker> {
  const file = `${dataDir}.token`;
  await writeFile(file, `${token}\n`, { mode: 0o600 });
  const command = start(
    ['--json', 'worker', '--server', url, '--token-file', file, '--data', dataDir, '--name', name],
    { ...(host === undefined ? {} : { host }), ...(env === undefined ? {} : { env }) },
  );
  onTestFinished(async () => {
    command.kill('SIGKILL');
    await command.done;
  });
  return {
    ...{ command, dataDir },
    events: () =>
      command.output.stdout
        .split('\n')
        .filter((line) => line.endsWith('}'))
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

/** A project whose package needs alpha's, to be built and to be installed. */
export async function alphaAndBeta(deployment: Deployment): Promise<Sample[]> {
  const { rpmPackaging } = await import('../e2e/samples.ts');
  const needs = rpmPackaging('beta', { preamble: 'BuildRequires: alpha\nRequires: alpha\n' });
  return [await addSample(deployment, 'alpha'), await addSample(deployment, 'beta', { packaging: needs })];
}
