import { setTimeout as pause } from 'node:timers/promises';
import { CompiledQuery, PostgresDialect, sql, type PostgresPool } from 'kysely';
import pg from 'pg';
import { errnoOf, redact, registerSecret, TrunklineError } from '../lib/index.ts';
import type { Engine, EngineAdapter, HoldOptions, OpenMode } from './adapter.ts';

/** PostgreSQL's number for `bigint`. */
const INT8 = 20;
/** Seconds to wait for a connection. */
const CONNECT_TIMEOUT = 10;
/** Milliseconds for which a server that was there is waited for: PostgreSQL's restart, or a move to another machine. */
const PATIENCE = 60_000;
/** Names held at once: two for each target. */
const MOST_HELD = 64;
/** How often a name is asked for when the server is restarted while one waits for it. */
const TAKES = 3;
/** A machine of ours that loses its power says no goodbye: what it held would stay held for two hours. Seconds, and tries. */
const MISS_SOON = 'set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3';
/** All lists are read along an index, a page at a time. By its default, which is for disks that turn, the planner reads a table of a million rows instead. */
const SEEK = 'set random_page_cost = 1.1';
/** A number of our own among the advisory locks of the database. */
const MIGRATION_LOCK = 7_220_471_001;

export const postgresAdapter: EngineAdapter = {
  name: 'postgres',
  skipsLockedRows: true,
  changesInWith: true,
  walksIds: true,
  columns: {
    id: sql`bigint generated always as identity primary key`,
    integer: sql`bigint`,
    text: sql`text collate "C"`,
    bytes: sql`bytea`,
    tableEnd: sql``,
  },
  async lockMigrations(transaction) {
    await sql`select pg_advisory_xact_lock(${sql.lit(MIGRATION_LOCK)})`.execute(transaction);
  },
  async hasTable(database, name) {
    // Not to_regclass: it may answer from a cache that another starter's migration has not reached yet.
    const visible = sql`select 1 from pg_class where relname = ${name} and relkind = 'r' and pg_table_is_visible(oid)`;
    const { rows } = await visible.execute(database);
    return rows.length > 0;
  },
};

/** A pool of connections to a server; none is made before the first query, which throws `database_unreachable` when it cannot be. */
export function openPostgres(url: string, mode: OpenMode): Engine {
  const place = withoutPassword(url);
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'trunkline',
    connectionTimeoutMillis: CONNECT_TIMEOUT * 1000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: { getTypeParser: getTypeParser as typeof pg.types.getTypeParser },
  });
  // A connection that breaks is found out by the next query on it; without a listener it would end the process.
  const ignore = () => undefined;
  pool.on('error', ignore);
  pool.on('connect', (client) => client.on('error', ignore));
  const locks = new pg.Pool({ ...pool.options, application_name: 'trunkline locks', max: MOST_HELD });
  locks.on('error', ignore);
  locks.on('connect', (client) => {
    client.on('error', ignore);
    client.query(MISS_SOON).catch(ignore);
  });
  const take = takeName(patiently(locks, place), place);
  return {
    adapter: postgresAdapter,
    place,
    hold: (name, work, options) => holdName(take, name, work, options),
    close: () => (locks.ended ? Promise.resolve() : locks.end()),
    dialect: new PostgresDialect({
      pool: reporting(pool, place),
      async onCreateConnection(connection) {
        await connection.executeQuery(CompiledQuery.raw(`${MISS_SOON}; ${SEEK}`));
        if (mode === 'read') await connection.executeQuery(CompiledQuery.raw('set default_transaction_read_only = on'));
      },
    }),
  };
}

/**
 * `url` without its password, which is registered as a secret as it stands and decoded.
 * @throws TrunklineError `config_invalid` when a password that is not percent-encoded would make part of it a host's name
 */
function withoutPassword(url: string): string {
  const [, head = '', main = '', query = ''] = /^([a-z]+:\/\/)([^?]*)(.*)$/is.exec(url) ?? [];
  const at = main.lastIndexOf('@');
  const login = main.slice(0, Math.max(at, 0));
  const colon = login.indexOf(':');
  const password = colon < 0 ? '' : login.slice(colon + 1);
  for (const secret of [password, new URLSearchParams(query).get('password') ?? '']) {
    registerSecret(secret);
    registerSecret(decoded(secret));
  }
  if (/[/@#]/.test(login) || query.includes('@'))
    throw new TrunklineError(
      'config_invalid',
      'The database URL has a character in it that stands for something else there',
      {
        hint: 'percent-encode the user and the password: %40 for @, %2F for /, %3F for ?, %23 for #',
      },
    );
  const user = colon < 0 ? login : login.slice(0, colon);
  return `${head}${user === '' ? '' : `${user}@`}${main.slice(at + 1)}${query.replace(/([?&]password=)[^&]*/g, '$1**redacted**')}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** 64-bit numbers as JavaScript numbers: ours are ids, counts, sizes and milliseconds. */
function getTypeParser(oid: number): (text: string) => unknown {
  const builtIn = pg.types.getTypeParser as (oid: number) => (text: string) => unknown;
  return oid === INT8 ? Number : builtIn(oid);
}

/** The pool, with what the server and the way to it can do to us as errors that say what to do. */
function reporting(pool: pg.Pool, place: string): PostgresPool {
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...request: unknown[]) => unknown;
    const reported = (...request: unknown[]): unknown => {
      const answer = query(...request);
      if (!(answer instanceof Promise)) return answer;
      return answer.catch((error: unknown) => {
        throw queryError(error, place);
      });
    };
    Object.assign(client, { query: reported });
  });
  return {
    options: pool.options,
    Client: pg.Client,
    end: () => pool.end(),
    connect: patiently(pool, place),
  };
}

/** Connects; after the first time, a server that is just being restarted is waited for. @throws TrunklineError `database_unreachable` */
function patiently(pool: pg.Pool, place: string): () => Promise<pg.PoolClient> {
  let wasThere = false;
  return async () => {
    const end = Date.now() + (wasThere ? PATIENCE : 0);
    for (;;) {
      try {
        const client = await pool.connect();
        wasThere = true;
        return client;
      } catch (error) {
        const restarting =
          /^(ECONNREFUSED|ECONNRESET|ENOENT|57P0.)$/.test(errnoOf(error) ?? '') ||
          messageOf(error).startsWith('Connection terminated');
        if (!restarting || Date.now() > end) throw unreachable(error, place);
        await pause(250);
      }
    }
  };
}

/** A session's advisory lock: it ends with its connection, however that ends. */
async function holdName<T>(
  take: (name: string) => Promise<pg.PoolClient>,
  name: string,
  work: () => Promise<T>,
  { repeat = false }: HoldOptions = {},
): Promise<T> {
  for (;;) {
    const client = await take(name);
    let kept = false;
    try {
      const answer = await work();
      kept = await letGo(client, name);
      if (kept || !repeat) return answer;
    } catch (error) {
      kept = await letGo(client, name);
      throw error;
    } finally {
      client.release(!kept);
    }
  }
}

/** A connection that has the name; a server that is restarted while one waits for it is asked again. */
function takeName(connect: () => Promise<pg.PoolClient>, place: string): (name: string) => Promise<pg.PoolClient> {
  return async (name) => {
    for (let tries = 1; ; tries += 1) {
      const client = await connect();
      try {
        await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [name]);
        return client;
      } catch (error) {
        client.release(true);
        const told = queryError(error, place);
        if (tries === TAKES || !(told instanceof TrunklineError && told.code === 'database_unreachable')) throw told;
      }
    }
  };
}

/** False when it was lost before. */
function letGo(client: pg.PoolClient, name: string): Promise<boolean> {
  return client.query('select pg_advisory_unlock(hashtextextended($1, 0))', [name]).then(
    () => true,
    () => false,
  );
}

function queryError(error: unknown, place: string): unknown {
  const code = errnoOf(error) ?? '';
  // Class 08 and 57P0x: connection lost, server shutting down. pg itself gives no code when the other side hangs up.
  if (
    /^(08...|57P0.|ECONNRESET|EPIPE|ETIMEDOUT)$/.test(code) ||
    /^Connection terminated|not queryable$/.test(messageOf(error))
  )
    return unreachable(error, place);
  if (code === '53100')
    return new TrunklineError('no_space', `No space left for the database ${place}`, {
      where: place,
      hint: "free space on the database server's disk, then run again; nothing was lost",
    });
  return error;
}

function unreachable(error: unknown, place: string): TrunklineError {
  const code = errnoOf(error);
  const [message] = error instanceof AggregateError ? error.errors.map(messageOf) : [messageOf(error)];
  return new TrunklineError(
    'database_unreachable',
    redact(`Cannot reach the database ${place}: ${message ?? String(code)}`),
    {
      where: place,
      hint: hintFor(code),
      // Not the error itself: it carries the connection's settings, and loggers print causes.
      cause: redact(messageOf(error)),
    },
  );
}

function hintFor(code: string | undefined): string {
  if (code === '28P01' || code === '28000') return 'check the user and password in the `database` URL, and pg_hba.conf';
  if (code === '3D000') return 'create the database with `createdb`, or correct its name in the `database` URL';
  if (code === '53300') return 'the server has too many clients: raise max_connections or run fewer servers';
  return 'check that PostgreSQL runs and that host and port in the `database` URL are right';
}

function messageOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : (errnoOf(error) ?? String(error));
}
