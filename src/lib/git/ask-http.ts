import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { errnoOf } from '../errors.ts';
import { LS_REFS, parseAdvertisement, parseRefs } from './advertised.ts';
import type { AdvertisedRef } from './tips.ts';

/** Bytes of an answer: about 100,000 references. Of a server that has more git asks. */
const MAX_BYTES = 8 * 1024 ** 2;
/** Connections to one server, and milliseconds for which one that is not used is kept: most upstreams are on few servers. */
const CONNECTIONS = 8;
const KEPT = 90_000;
/** Milliseconds for which git is asked at once where our own way led to nothing. */
const LEFT_TO_GIT = 600_000;
/** Bot gates of forges let git through. */
const AGENT = 'git/2 (trunkline)';

/** What is remembered of an address. */
const speaksTwo = new Set<string>();
const leftToGit = new Map<string, number>();

/**
 * What a repository behind HTTP or HTTPS has, asked without a process: one request where the server is known to speak protocol 2. null wherever git
 * should be asked: another transport, an address with a login or a query, a proxy or certificates of one's own in the environment, a redirection, and
 * whatever else is not the plain answer. git then says what is wrong. No secret is ever sent from here.
 */
export async function askOverHttp(
  url: string,
  { timeout, signal }: { timeout: number; signal?: AbortSignal },
): Promise<AdvertisedRef[] | null> {
  const base = plainAddress(url);
  if (base === null || (leftToGit.get(base) ?? 0) > Date.now()) return null;
  const ask = (path: string, body?: Buffer) =>
    request(`${base}/${path}`, { timeout, ...(body && { body }), ...(signal && { signal }) });
  const again = (error: unknown) => {
    // A connection that was kept may have been closed just now.
    if (errnoOf(error) === 'ECONNRESET') return askServer(base, ask);
    throw error;
  };
  const refs = await askServer(base, ask)
    .catch(again)
    .catch(() => null);
  if (refs === null && signal?.aborted !== true) {
    speaksTwo.delete(base);
    leftToGit.set(base, Date.now() + LEFT_TO_GIT);
  }
  return refs;
}

type Ask = (path: string, body?: Buffer) => Promise<Buffer | null>;

async function askServer(base: string, ask: Ask): Promise<AdvertisedRef[] | null> {
  if (!speaksTwo.has(base)) {
    const answer = await ask('info/refs?service=git-upload-pack');
    const advertised = answer && parseAdvertisement(answer);
    if (advertised === null) return null;
    if (advertised.version === 0) return advertised.refs;
    speaksTwo.add(base);
  }
  const answer = await ask('git-upload-pack', LS_REFS);
  return answer && parseRefs(answer);
}

/** The address without slashes at its end, or null where only git knows how to reach it. */
function plainAddress(address: string): string | null {
  if (!/^https?:\/\//i.test(address) || !URL.canParse(address)) return null;
  const { protocol, username, password, search, hash } = new URL(address);
  const set = (name: string) => (process.env[name] ?? '') !== '';
  const own = protocol === 'https:' ? ['https_proxy', 'HTTPS_PROXY', 'SSL_CERT_FILE', 'SSL_CERT_DIR'] : ['http_proxy'];
  if (own.some(set) || [username, password, search, hash].some((part) => part !== '')) return null;
  return address.replace(/\/+$/, '');
}

interface Question {
  body?: Buffer;
  /** Milliseconds for all of it. */
  timeout: number;
  signal?: AbortSignal;
}

/** The body of an answer that is what git's protocol says; null for any other. @throws Error when there is none */
function request(url: string, { body, timeout, signal }: Question): Promise<Buffer | null> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | null>();
  const kind = body === undefined ? 'advertisement' : 'result';
  const options: RequestOptions = {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...{ 'user-agent': AGENT, 'git-protocol': 'version=2', accept: `application/x-git-upload-pack-${kind}` },
      ...(body && { 'content-type': 'application/x-git-upload-pack-request', 'content-length': body.length }),
    },
    ...(signal && { signal }),
  };
  const sent = send(url, options, (response) => {
    const type = `application/x-git-upload-pack-${kind}`;
    const { 'content-type': given, 'content-encoding': encoding = 'identity' } = response.headers;
    if (response.statusCode !== 200 || given !== type || encoding !== 'identity') {
      resolve(null);
      sent.destroy();
      return;
    }
    const parts: Buffer[] = [];
    let bytes = 0;
    response.on('data', (part: Buffer) => {
      bytes += part.length;
      parts.push(part);
      if (bytes <= MAX_BYTES) return;
      resolve(null);
      sent.destroy();
    });
    response.on('end', () => {
      resolve(Buffer.concat(parts));
    });
    response.on('error', reject);
  });
  const timer = setTimeout(() => sent.destroy(new Error(`no answer in ${String(timeout)} ms`)), timeout);
  sent.on('error', reject);
  sent.on('close', () => {
    clearTimeout(timer);
    // After an end nobody sees this any more.
    reject(new Error('the connection was lost'));
  });
  sent.end(body);
  return promise;
}

let agents: { http: Agent; https: Agent } | undefined;

/** Not imported: as modules of their own they load all that fetch is made of, which a server that waits does without. */
function send(url: string, options: RequestOptions, answered: (response: IncomingMessage) => void): ClientRequest {
  const [http, https] = [process.getBuiltinModule('node:http'), process.getBuiltinModule('node:https')];
  const kept = { keepAlive: true, maxSockets: CONNECTIONS, timeout: KEPT };
  agents ??= { http: new http.Agent(kept), https: new https.Agent(kept) };
  return url.startsWith('https:')
    ? https.request(url, { ...options, agent: agents.https }, answered)
    : http.request(url, { ...options, agent: agents.http }, answered);
}
