import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { run } from '../src/lib/index.ts';
import { binaries } from './postgres.ts';

/** A PostgreSQL server of one test's own, with an empty database. */
export interface OwnPostgres {
  url: string;
  /** At once, as a machine stops that loses its power. */
  stop: () => Promise<void>;
  start: () => Promise<void>;
}

/** Starts one; removed when the test has finished. */
export async function startPostgres(): Promise<OwnPostgres> {
  const directory = await mkdtemp(join(tmpdir(), 'trunkline-own-pg-'));
  const asRoot = process.getuid?.() === 0;
  if (asRoot) {
    const id = async (kind: '-u' | '-g') => Number((await run(['id', kind, 'postgres'])).stdout);
    await chown(directory, await id('-u'), await id('-g'));
  }
  const drop = asRoot ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'] : [];
  const data = join(directory, 'data');
  const tool = async (name: string, ...args: string[]) => {
    await run([...drop, join(binaries(), name), '-D', data, ...args] as [string, ...string[]], { cwd: directory });
  };
  const settings = `-k ${directory} -c listen_addresses= -c shared_buffers=32MB -c max_connections=200`;
  const start = () => tool('pg_ctl', '--wait', '--silent', '-l', join(directory, 'log'), '-o', settings, 'start');
  const stop = () => tool('pg_ctl', '--wait', '--silent', '-m', 'immediate', 'stop');
  onTestFinished(async () => {
    await stop().catch(() => undefined);
    await rm(directory, { recursive: true, force: true });
  });
  await tool('initdb', '-U', 'postgres', '--auth=trust', '--no-sync', '--locale=C.UTF-8');
  await start();
  return { url: `postgres://postgres@localhost/postgres?host=${encodeURIComponent(directory)}`, start, stop };
}
