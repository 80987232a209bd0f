import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parseAdvertisement, parseRefs } from '../../../src/lib/git/advertised.ts';
import { askOverHttp } from '../../../src/lib/git/ask-http.ts';
import { openMirror, serveMirror } from '../../../src/lib/git/index.ts';
import { writePackets, DELIMITER, FLUSH } from '../../../src/lib/git/pkt-lines.ts';
import { digestOfTips } from '../../../src/lib/git/tips.ts';
import { createFixture, temporaryDirectory, type Fixture } from './fixture.ts';

let scope: Awaited<ReturnType<typeof temporaryDirectory>>;
let upstream: Fixture;
let server: Server;
let url: string;
/** What was asked, in order. */
let asked: string[];
/** In place of git's answer. */
let instead: ((request: IncomingMessage, response: ServerResponse) => boolean) | null;
/** What the server makes of the protocol that was asked for. */
let protocol: (asked: string | undefined) => string | undefined;

/** Real git behind HTTP, as forges have it. */
beforeEach(async () => {
  scope = await temporaryDirectory();
  upstream = await createFixture(join(scope.path, 'upstream'));
  await upstream.commit();
  [asked, instead, protocol] = [[], null, (given) => given];
  server = createServer((request, response) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
    if (instead?.(request, response) !== true) void answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/upstream.git`;
});
afterEach(async () => {
  server.close();
  server.closeAllConnections();
  vi.unstubAllEnvs();
  await scope[Symbol.asyncDispose]();
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = Buffer.from(await text(request.setEncoding('latin1')), 'latin1');
  const kind = request.method === 'POST' ? ('fetch' as const) : ('info' as const);
  const question = {
    kind,
    protocol: protocol(request.headers['git-protocol'] as string | undefined),
    encoding: undefined,
  };
  const path = upstream.path;
  const given = await serveMirror(path, { ...question, body }, AbortSignal.timeout(20_000));
  response.writeHead(given.status, given.headers);
  await pipeline(given.body, response);
}

const ask = (address = url) => askOverHttp(address, { timeout: 10_000 });
const names = async () => (await ask())?.map(({ name }) => name);
/** As git itself has it from the same repository. */
async function fromGit(): Promise<string> {
  return (await openMirror(join(scope.path, 'git'), upstream.path)).remoteTips();
}

test('what a server of protocol 2 has is what git sees, in one request once that is known', async () => {
  await upstream.git('tag', '-a', '-m', 'x', 'v1');
  await upstream.git('branch', 'stable');
  await upstream.git('update-ref', 'refs/pull/1/head', 'HEAD');
  expect(await names()).toEqual(['HEAD', 'refs/heads/main', 'refs/heads/stable', 'refs/tags/v1', 'refs/tags/v1^{}']);
  expect(asked).toEqual(['GET /upstream.git/info/refs?service=git-upload-pack', 'POST /upstream.git/git-upload-pack']);
  asked = [];
  const mirror = await openMirror(join(scope.path, 'git'), url);
  const tips = await mirror.remoteTips();
  expect(tips).toBe(await fromGit());
  expect(asked).toEqual(['POST /upstream.git/git-upload-pack']);
  await upstream.commit();
  expect(await mirror.remoteTips()).not.toBe(tips);
  expect(await mirror.remoteTips()).toBe(await fromGit());
});

test('an older protocol says the same', async () => {
  protocol = () => undefined;
  await upstream.git('tag', '-a', '-m', 'x', 'v1');
  expect(digestOfTips((await ask()) ?? [])).toBe(await fromGit());
  expect(asked).toHaveLength(1);
});

test('an empty repository has nothing', async () => {
  upstream = await createFixture(join(scope.path, 'empty'));
  expect(await ask()).toEqual([]);
});

test.each<[string, (response: ServerResponse) => void]>([
  ['a redirection', (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
  ['a refusal', (response) => response.writeHead(401, { 'www-authenticate': 'Basic realm=x' }).end()],
  ['a page', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')],
  ['what is no pkt-line', (response) => response.writeHead(200, { 'content-type': TYPE }).end('zzzz')],
  ['a line that does not end', (response) => response.writeHead(200, { 'content-type': TYPE }).end('00ffabc')],
  [
    'compressed bytes',
    (response) => response.writeHead(200, { 'content-type': TYPE, 'content-encoding': 'gzip' }).end('x'),
  ],
  ['the end of the connection', (response) => response.destroy()],
  ['an answer without end', (response) => void endless(response)],
])('%s is left to git, and for some time so is all of that address', async (_what, answer) => {
  instead = (_request, response) => {
    answer(response);
    return true;
  };
  expect(await ask()).toBeNull();
  instead = null;
  asked = [];
  expect(await ask()).toBeNull();
  expect(asked).toEqual([]);
  // git itself still finds out.
  expect(await (await openMirror(join(scope.path, 'git'), url)).remoteTips()).toBe(await fromGit());
});

test('a server that says nothing is waited for no longer than told', async () => {
  instead = () => true;
  const began = performance.now();
  expect(await askOverHttp(url, { timeout: 200 })).toBeNull();
  expect(performance.now() - began).toBeLessThan(5000);
});

test('logins, queries, proxies and other transports are git’s', async () => {
  const { host } = new URL(url);
  for (const address of [`http://user:secret@${host}/x`, `http://user@${host}/x`, `${url}?x=1`, 'ssh://h/x', '/srv/x'])
    expect(await ask(address)).toBeNull();
  vi.stubEnv('http_proxy', 'http://127.0.0.1:1');
  expect(await ask()).toBeNull();
  expect(asked).toEqual([]);
});

test('references are read strictly', () => {
  const id = 'a'.repeat(40);
  const read = (...lines: string[]) => parseRefs(writePackets([...lines, FLUSH]));
  expect(read(`${id} refs/heads/main symref-target:x`)).toEqual([{ object: id, name: 'refs/heads/main' }]);
  for (const line of ['ERR no', id, `${id} `, `${'a'.repeat(64)} HEAD`, `${id} a\tb`, `${id} a peeled:x`])
    expect(read(line), line).toBeNull();
  expect(parseRefs(Buffer.from('0000').subarray(0, 3))).toBeNull();
  expect(parseRefs(writePackets([`${id} HEAD`]))).toBeNull();
  expect(parseRefs(writePackets([DELIMITER, FLUSH]))).toBeNull();
  const told = (...lines: string[]) => parseAdvertisement(writePackets([...lines, FLUSH]));
  expect(told('version 2', 'ls-refs=unborn', 'object-format=sha1')).toEqual({ version: 2 });
  expect(told('version 2', 'ls-refs', 'object-format=sha256')).toBeNull();
  expect(told('version 2', 'fetch')).toBeNull();
});

const TYPE = 'application/x-git-upload-pack-advertisement';

async function endless(response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': TYPE });
  const line = Buffer.alloc(64 * 1024, '0');
  // Each write after a look at the connection, which is closed in between.
  while (!response.destroyed) {
    response.write(line);
    await pause(1);
  }
}
