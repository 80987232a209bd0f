import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';
import pg from 'pg';
import { openDatabase } from '../src/db/index.ts';

/**
 * A private PostgreSQL cluster, started by whoever needs it first and shared by all workers of one vitest run. Its guard ends it and removes it
 * when the run's main process is gone, however that went.
 */
const GUARD = `
set -eu
owner=$1 dir=$2 bin=$3
drop=
if [ "$(id -u)" = 0 ]; then
  drop='setpriv --reuid=postgres --regid=postgres --clear-groups'
  chown postgres "$dir"
fi
$drop "$bin/initdb" -D "$dir/data" -U postgres --auth=trust --no-sync --locale=C.UTF-8 >"$dir/initdb.log" 2>&1
$drop "$bin/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c fsync=off -c full_page_writes=off \\
  -c shared_buffers=32MB -c max_connections=200 -c autovacuum=off >"$dir/server.log" 2>&1 &
server=$!
trap 'kill -QUIT $server 2>/dev/null; wait $server; rm -rf "$dir"' EXIT
until "$bin/pg_isready" -q -h "$dir"; do kill -0 $server; sleep 0.05; done
: >"$dir/ready"
while kill -0 "$owner" 2>/dev/null; do sleep 1; done
`;
const TEMPLATE = 'trunkline_template';

/** The URL of a new database: with our schema, or with nothing in it. */
export async function createPostgresDatabase(empty: boolean): Promise<{ url: string; drop: () => Promise<void> }> {
  const cluster = await startedCluster();
  const name = `t_${randomBytes(8).toString('hex')}`;
  await (ready ??= makeTemplate(cluster));
  await administer(cluster, `create database ${name}${empty ? '' : ` template ${TEMPLATE}`}`);
  return { url: urlOf(cluster, name), drop: () => administer(cluster, `drop database ${name} with (force)`) };
}

let ready: Promise<void> | undefined;

function urlOf(cluster: string, name: string): string {
  return `postgres://postgres@localhost/${name}?host=${encodeURIComponent(cluster)}`;
}

async function administer(cluster: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: urlOf(cluster, 'postgres') });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** One worker makes the template, the others wait for it. */
async function makeTemplate(cluster: string): Promise<void> {
  const client = new pg.Client({ connectionString: urlOf(cluster, 'postgres') });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock(1)');
    const known = await client.query('select 1 from pg_database where datname = $1', [TEMPLATE]);
    if (known.rows.length > 0) return;
    await client.query(`create database ${TEMPLATE}_new`);
    const db = await openDatabase({ url: urlOf(cluster, `${TEMPLATE}_new`), mode: 'write' });
    await db.close();
    await client.query(`alter database ${TEMPLATE}_new rename to ${TEMPLATE}`);
  } finally {
    await client.end();
  }
}

async function startedCluster(): Promise<string> {
  const owner = runOwner();
  const directory = `/tmp/trunkline-pg-${owner}-${startTime(owner)}`;
  if (await claims(directory)) {
    const log = openSync(join(directory, 'guard.log'), 'a');
    const guard = spawn('sh', ['-c', GUARD, 'sh', String(owner), directory, binaries()], {
      detached: true,
      stdio: ['ignore', log, log],
    });
    guard.unref();
  }
  for (let waited = 0; !existsSync(join(directory, 'ready')); waited += 50) {
    if (waited > 60_000) throw new Error(`PostgreSQL did not start: ${logsOf(directory)}`);
    await sleep(50);
  }
  return directory;
}

async function claims(directory: string): Promise<boolean> {
  return mkdir(directory).then(
    () => true,
    () => false,
  );
}

/** vitest's main process, or this one where there is no vitest. */
function runOwner(): number {
  return process.env.VITEST !== undefined && isMainThread ? process.ppid : process.pid;
}

/** Tells a process from an earlier one with its number. */
function startTime(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '0';
}

/** Where PostgreSQL's programs are. */
export function binaries(): string {
  const root = '/usr/lib/postgresql';
  const newest = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a))[0] : undefined;
  if (newest === undefined) throw new Error('PostgreSQL is not installed: apt-get install postgresql-15');
  return join(root, newest, 'bin');
}

function logsOf(directory: string): string {
  const read = (name: string) => (existsSync(join(directory, name)) ? readFileSync(join(directory, name), 'utf8') : '');
  return ['guard.log', 'initdb.log', 'server.log'].map(read).join('\n').slice(-2000);
}
