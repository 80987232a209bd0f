import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { createClient, type Client } from '../../src/api/index.ts';
import { start, until, type RunningCommand } from '../e2e/command-line.ts';

/** `trunkline serve` as a process of its own. */
export interface RunningServer {
  url: string;
  command: RunningCommand;
  get: (path: string, headers?: Record<string, string>, method?: string) => Promise<Response>;
}

/** Serves a deployment at a free port of loopback; ended when the test has finished. */
export async function serveDeployment(
  config: string,
  listen = '127.0.0.1:0',
  host?: string,
  env: Record<string, string> = {},
): Promise<RunningServer> {
  const command = start(['--config', config, '--json', 'serve', '--listen', listen, '--no-poll', '--jobs', '0'], {
    env,
    ...(host === undefined ? {} : { host }),
  });
  onTestFinished(async () => {
    command.kill('SIGTERM');
    await command.done;
  });
  void command.done;
  const line = await until('the server to be ready', () => {
    if (command.output.stderr !== '') throw new Error(command.output.stderr);
    return /^\{.*\}$/m.exec(command.output.stdout)?.[0];
  });
  const { url } = JSON.parse(line) as { url: string };
  return { url, command, get: (path, headers = {}, method = 'GET') => fetch(`${url}${path}`, { method, headers }) };
}

/** A client that asks as the user of this machine does, with the token that a server leaves for its own user. */
export async function localClient(url: string, dataDir: string): Promise<Client> {
  const token = (await readFile(join(dataDir, 'server-token'), 'utf8')).trim();
  return createClient({ url, token, user: 'tester' });
}

/** A configuration whose targets build with the host's programs: for servers on which nothing is built. */
export async function writeConfig(
  options: { projects?: Record<string, object>; settings?: Record<string, unknown> } = {},
): Promise<{ directory: string; config: string; dataDir: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'trunkline-server-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const config = join(directory, 'trunkline.yaml');
  const dataDir = join(directory, 'data');
  const targets = { rpms: { format: 'rpm', root: 'host' }, debs: { format: 'deb', root: 'host' } };
  await writeFile(
    config,
    stringify({ data_dir: dataDir, targets, projects: options.projects ?? {}, ...options.settings }),
  );
  return { directory, config, dataDir };
}

/** An answer that has to be problem+json of this status. */
export async function problem(
  response: Response,
  status: number,
): Promise<{ code: string; detail: string; hint?: string }> {
  const body = await response.text();
  if (response.status !== status) throw new Error(`${response.url} answered ${String(response.status)}: ${body}`);
  if (!(response.headers.get('content-type') ?? '').startsWith('application/problem+json'))
    throw new Error(`${response.url} answered no problem+json: ${body}`);
  return JSON.parse(body) as { code: string; detail: string; hint?: string };
}

/** Sends bytes as they are, and answers all that comes back. */
export function talk(url: string, text: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(text));
  let answer = '';
  socket.setEncoding('utf8').on('data', (part: string) => (answer += part));
  socket.on('error', reject).on('close', () => {
    resolve(answer);
  });
  return promise;
}

/** The status that a plain client gets, which unlike fetch says nothing of caches by itself. */
export async function plainStatus(url: string, path: string, headers: Record<string, string>): Promise<number> {
  const lines = Object.entries({ host: 'server', connection: 'close', ...headers }).map(
    ([key, value]) => `${key}: ${value}`,
  );
  const answer = await talk(url, [`GET ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n'));
  return Number(answer.slice(9, 12));
}
