import { createWriteStream } from 'node:fs';
import { open, stat, writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { z } from 'zod';
import {
  builtAnswer,
  LARGEST_PIECE,
  pieceAnswer,
  planAnswer,
  repositorySchema,
  verifiedAnswer,
  type BuiltAnswer,
  type BuiltBody,
  type Order,
  type PieceAnswer,
  type PlanAnswer,
  type RepositoryParts,
  type VerifiedAnswer,
  type VerifiedBody,
} from '../api/index.ts';
import { errnoOf, fileSystemError, TrunklineError } from '../lib/index.ts';
import type { Connection, Question } from './connection.ts';

/** What can be told and asked of an attempt that this worker holds. All of it may be repeated. */
export interface HeldAttempt {
  heartbeat(): Promise<void>;
  repository(): Promise<RepositoryParts>;
  /** Fetches a file of `size` bytes to `path`, going on where an earlier try stopped. What it is has to be proved by its digest. */
  fetch(from: string, path: string, size: number): Promise<void>;
  plan(reported: string | null): Promise<PlanAnswer>;
  sendLog(name: string, offset: number, bytes: Uint8Array<ArrayBuffer>): Promise<PieceAnswer>;
  sendPackage(path: string, file: { sha256: string; size: number }): Promise<void>;
  built(body: BuiltBody): Promise<BuiltAnswer>;
  verified(body: VerifiedBody): Promise<VerifiedAnswer>;
  /** Gives the attempt up; it is made again, by whoever is free. Asked once, in the little time there is when a worker is stopped. */
  leave(): Promise<void>;
}

const HEARTBEAT_TIMEOUT = 10_000;
/** The server reads, checks and publishes packages meanwhile. */
const LONG = 30 * 60_000;
const MOST_TRIES = 20;

export function holdAttempt(
  connection: Connection,
  order: Pick<Order, 'attempt' | 'lease'>,
  signal: AbortSignal,
): HeldAttempt {
  const root = `/attempts/${String(order.attempt)}`;
  const { lease } = order;
  const question = (method: Question['method'], path: string, more: Partial<Question> = {}): Question => ({
    method,
    path: `${root}/${path}`,
    ...more,
    query: { lease, ...more.query },
  });
  const json = <T extends z.ZodType>(asked: Question, answer: T) =>
    connection.json(asked, answer, signal).catch(refused);
  const piece = (path: string, query: Record<string, number>, body: Uint8Array<ArrayBuffer>) =>
    json(question('PUT', path, { query, body }), pieceAnswer);
  return {
    heartbeat: async () => {
      await connection.once(question('POST', 'heartbeat', { timeout: HEARTBEAT_TIMEOUT }), signal);
    },
    repository: () => json(question('GET', 'repository'), repositorySchema),
    fetch: (from, path, size) =>
      download(path, size, signal, (headers, read) =>
        connection.ask(question('GET', from, { headers }), signal, read).catch(refused),
      ),
    plan: (reported) =>
      json(question('POST', 'plan', { body: reported === null ? {} : { reported }, timeout: LONG }), planAnswer),
    sendLog: (name, offset, bytes) => piece(`logs/${name}`, { offset }, bytes),
    sendPackage: async (path, { sha256, size }) => {
      const handle = await open(path);
      try {
        let offset = 0;
        for (;;) {
          const buffer = Buffer.alloc(Math.min(LARGEST_PIECE, size - offset));
          const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
          const answer = await piece(`packages/${sha256}`, { offset, size }, buffer.subarray(0, bytesRead));
          if (answer.whole) return;
          offset = answer.offset;
        }
      } finally {
        await handle.close();
      }
    },
    built: (body) => json(question('POST', 'built', { body, timeout: LONG }), builtAnswer),
    verified: (body) => json(question('POST', 'verified', { body, timeout: LONG }), verifiedAnswer),
    leave: async () => {
      await connection.once(question('POST', 'leave', { timeout: HEARTBEAT_TIMEOUT }), new AbortController().signal);
    },
  };
}

/** What a server refuses says nothing of the source or the packages: it must not be taken for a failure of theirs. */
function refused(error: unknown): never {
  const theirs =
    error instanceof TrunklineError &&
    ['not_found', 'package_invalid', 'source_invalid', 'repository_conflict'].includes(error.code);
  throw theirs ? new TrunklineError('unsupported', `The server refused: ${error.message}`, { cause: error }) : error;
}

/** Fetches a file of `size` bytes to `path`, which may have its beginning already. */
async function download(
  path: string,
  size: number,
  signal: AbortSignal,
  ask: (headers: Record<string, string>, read: (response: Response) => Promise<void>) => Promise<void>,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const have = (await stat(path).catch(() => null))?.size ?? 0;
    if (have === size) return;
    // Longer than it can be: a leftover of something else.
    const headers: Record<string, string> = have === 0 || have > size ? {} : { range: `bytes=${String(have)}-` };
    try {
      await ask(headers, (response) => save(response, path, signal));
    } catch (error) {
      signal.throwIfAborted();
      // What went wrong with the file is this machine's own trouble; the connection is asked for again.
      if (errnoOf(error) === undefined || error instanceof TrunklineError || tries >= MOST_TRIES) throw error;
      if (['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES'].includes(errnoOf(error) ?? '')) throw fileSystemError(error, path);
    }
  }
}

async function save({ body, status }: Response, path: string, signal: AbortSignal): Promise<void> {
  const flags = status === 206 ? 'a' : 'w';
  if (body === null) await writeFile(path, '');
  else await pipeline(body as AsyncIterable<Uint8Array>, createWriteStream(path, { flags }), { signal });
}
