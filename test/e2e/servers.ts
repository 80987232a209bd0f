import { glob, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { parse, stringify } from 'yaml';
import { createTestDatabase } from '../databases.ts';
import {
  deploySamples,
  start,
  until,
  type Deployment,
  type Formats,
  type RunningCommand,
  type Sample,
} from './fixture.ts';
import { giveRoots } from './prepared-roots.ts';

/** What one of several servers over a database has of its own. */
export interface ServerPlace {
  config: string;
  localDir: string;
}

export interface ServerDeployment extends Deployment {
  samples: Sample[];
  /** The URL of the database they share. */
  database: string;
  places: ServerPlace[];
}

interface ServerOptions {
  count: number;
  formats?: Formats;
  settings?: Record<string, unknown>;
  /** An empty one. Default: one of its own. */
  database?: string;
}

async function emptyDatabase(): Promise<string> {
  const made = await createTestDatabase('postgres', { empty: true });
  onTestFinished(() => made.remove());
  return made.url;
}

/** A deployment over PostgreSQL with places for servers that share its data directory. Its own configuration is a further one's. */
export async function deployServers(
  names: readonly string[],
  { count, formats, settings = {}, database: given }: ServerOptions,
): Promise<ServerDeployment> {
  const database = given ?? (await emptyDatabase());
  const deployment = await deploySamples(names, { ...(formats && { formats }), settings: { database, ...settings } });
  const written = parse(await readFile(deployment.config, 'utf8')) as object;
  const places: ServerPlace[] = [];
  for (let n = 1; n <= count; n += 1) {
    const localDir = join(deployment.directory, `server-${String(n)}`);
    await mkdir(localDir);
    await giveRoots(localDir, deployment.base);
    const config = `${localDir}.yaml`;
    await writeFile(config, stringify({ ...written, local_dir: localDir }));
    places.push({ config, localDir });
  }
  return { ...deployment, database, places };
}

/** What a process is started with whose clock is an hour ahead, or behind; what runs in jails has the right time. */
export async function clockOff(by: '+1h' | '-1h'): Promise<Record<string, string>> {
  const libraries: string[] = [];
  for await (const path of glob('/usr/lib/*/faketime/libfaketimeMT.so.1')) libraries.push(path);
  const [library] = libraries;
  if (library === undefined) throw new Error('faketime is not installed: apt-get install faketime');
  return { LD_PRELOAD: library, FAKETIME: by, FAKETIME_DONT_FAKE_MONOTONIC: '1' };
}

/** `trunkline serve` with everything it does; ended when the test has finished. */
export async function serveAll(
  config: string,
  options: readonly string[] = [],
  env: Record<string, string> = {},
  program?: string,
): Promise<{ url: string; command: RunningCommand }> {
  const args = ['--config', config, '--json', 'serve', '--listen', '127.0.0.1:0', ...options];
  const command = start(args, { env, ...(program !== undefined && { program }) });
  onTestFinished(async () => {
    command.kill('SIGTERM');
    await command.done;
  });
  let ended = false;
  void command.done.then(() => (ended = true));
  const line = await until('the server to be ready', () => {
    if (ended) throw new Error(command.output.stderr);
    return /^\{.*\}$/m.exec(command.output.stdout)?.[0];
  });
  return { url: (JSON.parse(line) as { url: string }).url, command };
}
