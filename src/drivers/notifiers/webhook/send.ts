import { TrunklineError } from '../../../lib/index.ts';
import { checkHost, lookupPublic } from './address.ts';

export interface Posting {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  allowPrivate: boolean;
  /** Milliseconds for all of it. */
  timeout: number;
}

/**
 * Posts once; what is answered is not read beyond its status. Redirections are not followed: what is behind them nobody has checked.
 * @throws TrunklineError `notification_failed` unless it is answered with 2xx in time
 */
export async function post({ url, headers, body, allowPrivate, timeout }: Posting): Promise<void> {
  const { protocol, hostname, host } = new URL(url);
  if (!allowPrivate) checkHost(hostname);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  // As a module of its own `node:http` loads all that fetch is made of: not before there is something to send.
  const { request: send } = protocol === 'https:' ? await import('node:https') : await import('node:http');
  const request = send(
    url,
    {
      method: 'POST',
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
      // No connection of before: its address was checked for another moment.
      agent: false,
      signal: AbortSignal.timeout(timeout),
      ...(allowPrivate ? {} : { lookup: lookupPublic }),
    },
    (response) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    },
  );
  request.on('error', reject);
  request.end(body);
  const status = await promise.catch((error: unknown) => {
    if (error instanceof TrunklineError) throw error;
    const words =
      error instanceof Error && /^(Abort|Timeout)Error$/.test(error.name)
        ? `no answer in ${String(timeout / 1000)} s`
        : String(error);
    throw failure(host, words, error);
  });
  if (status < 200 || status > 299) throw failure(host, `it answered ${String(status)}`);
}

function failure(host: string, words: string, cause?: unknown): TrunklineError {
  return new TrunklineError('notification_failed', `The webhook at ${host} did not take an event: ${words}`, {
    hint: 'check that it runs and answers 2xx within ten seconds; it is tried again later',
    cause,
  });
}
