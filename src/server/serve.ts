import type { AddressInfo } from 'node:net';
import { runServices, type BackgroundService } from '../app/services/index.ts';
import { createAuthenticator, withLocalLogin } from '../access/index.ts';
import { openWebhooks, webhookService, type Trunk } from '../app/index.ts';
import { errnoOf, TrunklineError } from '../lib/index.ts';
import { restrictionsOf } from '../model/access/index.ts';
import { createServer } from './create.ts';

/** Milliseconds that requests have to be finished when the server stops. */
const LAST_REQUESTS = 10_000;

export interface ServeOptions {
  version: string;
  services: readonly BackgroundService[];
  /** Aborted: stop. */
  signal: AbortSignal;
  /** Called when requests are answered. */
  ready: (url: string) => void;
}

/**
 * Serves a deployment that was opened for writing until `signal` is aborted: HTTP and the services. Requests that are being answered are
 * finished within ten seconds, streams are ended.
 * @throws TrunklineError `invalid_argument` when it cannot listen; what a service that failed threw
 */
export async function serve(trunk: Trunk, { version, services, signal, ready }: ServeOptions): Promise<void> {
  const stopping = new AbortController();
  const { settings, log } = trunk.context;
  const known = createAuthenticator(trunk.context.db, { restricted: restrictionsOf(settings.targets) });
  const { secret, authenticate } = withLocalLogin(known);
  const webhooks = openWebhooks(trunk.context);
  const app = await createServer({
    trunk: trunk.context,
    authenticate,
    webhooks,
    version,
    stopping: stopping.signal,
  });
  try {
    const url = await listen(app, settings.server.listen);
    await trunk.announce(url, secret);
    ready(url);
    await runServices([...services, webhookService(webhooks), idle], { signal, log });
  } finally {
    stopping.abort();
    // A download that its client does not go on with would hold the server for ever.
    const cut = setTimeout(() => {
      app.server.closeAllConnections();
    }, LAST_REQUESTS);
    await app.close();
    clearTimeout(cut);
    await webhooks.settled();
  }
}

/** With no other service a server goes on too. */
const idle: BackgroundService = { name: 'http', start: untilAborted };

function untilAborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  if (signal.aborted) resolve(undefined);
  signal.addEventListener('abort', () => {
    resolve(undefined);
  });
  return promise;
}

async function listen(
  app: Awaited<ReturnType<typeof createServer>>,
  { host, port }: { host: string; port: number },
): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const code = errnoOf(error);
    if (!['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'ENOTFOUND'].includes(code ?? '')) throw error;
    throw new TrunklineError('invalid_argument', `Cannot listen at ${host}, port ${String(port)}: ${code ?? ''}`, {
      hint: 'choose another address or port: server.listen in the configuration, or --listen',
      cause: error,
    });
  }
  const address = app.server.address() as AddressInfo;
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${String(address.port)}`;
}
