import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient, type Client } from '../api/index.ts';
import { openForWriting, type Trunk } from '../app/index.ts';
import { LOCAL_TOKEN, lockHolder } from '../app/lock/index.ts';
import { errnoOf, TrunklineError } from '../lib/index.ts';
import type { Settings } from '../model/index.ts';
import { actor } from './order.ts';

/** What the options of a command that a running server is asked for say. */
export interface ServerOptions {
  tokenFile?: string;
}

/** Milliseconds: what is asked for may publish. */
const PATIENCE = 600_000;
/** Bytes: longer than any token. */
const LONGEST = 4096;

/**
 * Has a command done by the server that holds the data directory, or alone where there is none (DESIGN 8).
 * @throws TrunklineError as either does; `unauthorized` saying how a token is given
 */
export async function onServerOrAlone<T>(
  settings: Settings,
  options: ServerOptions,
  work: {
    server: (client: Client) => Promise<T>;
    alone: (trunk: Trunk) => Promise<T>;
    /** See `openForWriting`. */
    how?: Parameters<typeof openForWriting>[1];
  },
): Promise<{ done: T; byServer: boolean }> {
  const client = await serverOf(settings, options);
  if (client !== null) return { done: await told(work.server(client)), byServer: true };
  const trunk = await openForWriting(settings, work.how);
  try {
    return { done: await work.alone(trunk), byServer: false };
  } finally {
    await trunk.close();
  }
}

/** A client of the server that runs here; null without one. A process of another machine cannot be told from a stranger at its address. */
async function serverOf({ localDir }: Settings, { tokenFile }: ServerOptions): Promise<Client | null> {
  const holder = await lockHolder(localDir, { here: true });
  if (holder?.url === undefined) return null;
  const given = tokenFile === undefined ? process.env.TRUNKLINE_TOKEN : await readToken(tokenFile);
  const options = { url: holder.url, timeout: PATIENCE };
  if (given !== undefined && given !== '') return createClient({ ...options, token: given });
  const local = await readToken(join(localDir, LOCAL_TOKEN)).catch(() => null);
  return createClient({ ...options, token: local, user: actor() });
}

/** @throws TrunklineError `invalid_argument` */
async function readToken(path: string): Promise<string> {
  const wrong = (what: string) =>
    new TrunklineError('invalid_argument', `${path} ${what}`, {
      hint: 'name a file that holds a token and nothing else',
    });
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw wrong(`cannot be read: ${errnoOf(error) ?? 'unknown'}`);
  });
  const token = text.trim();
  if (token.length > LONGEST || !/^[\x21-\x7e]+$/.test(token)) throw wrong('holds no token');
  return token;
}

async function told<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof TrunklineError) || error.code !== 'unauthorized') throw error;
    throw new TrunklineError('unauthorized', error.message, {
      hint: 'a server holds the data directory: give a token with --token-file or TRUNKLINE_TOKEN, or be its user',
      cause: error,
    });
  }
}
