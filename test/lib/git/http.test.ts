import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openMirror } from '../../../src/lib/git/index.ts';
import { createFixture, temporaryDirectory, type Fixture } from './fixture.ts';

let scope: Awaited<ReturnType<typeof temporaryDirectory>>;
let upstream: Fixture;
let server: Server;
let port: number;
/** `user:password` that the server wants, or null. */
let login: string | null;
/** Where it sends everybody, or null. */
let redirect: string | null;
/** Whether it answers at all. */
let silent: boolean;

/** git's simple HTTP protocol: the repository's files as they are. */
beforeEach(async () => {
  [login, redirect, silent] = [null, null, false];
  scope = await temporaryDirectory();
  upstream = await createFixture(join(scope.path, 'upstream'));
  server = createServer((request, response) => {
    const given = Buffer.from(request.headers.authorization?.slice('Basic '.length) ?? '', 'base64').toString();
    if (silent) return;
    if (redirect !== null) response.writeHead(302, { location: redirect }).end();
    else if (login !== null && given !== login) response.writeHead(401, { 'www-authenticate': 'Basic realm=x' }).end();
    else
      readFile(join(upstream.path, normalize(new URL(request.url ?? '/', 'http://x').pathname))).then(
        (content) => response.end(content),
        () => response.writeHead(404).end(),
      );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await scope[Symbol.asyncDispose]();
});

const open = (url: string) => openMirror(join(scope.path, 'git'), url);

test('a repository is fetched over HTTP, with a login from its address', async () => {
  const tip = await upstream.commit();
  await upstream.git('update-server-info');
  const mirror = await open(`http://127.0.0.1:${port}`);
  await mirror.fetch();
  expect(await mirror.resolveBranch('main')).toBe(tip);
  login = 'user:geheimnis';
  await expect(mirror.fetch()).rejects.toMatchObject({
    code: 'project_unreachable',
    message: expect.stringContaining('does not let us in') as string,
  });
  const known = await open(`http://user:geheimnis@127.0.0.1:${port}`);
  await known.fetch();
  expect(await known.resolveBranch('HEAD')).toBe(tip);
});

test('a server cannot send us to another transport', async () => {
  await upstream.commit();
  const mirror = await open(`http://127.0.0.1:${port}/x`);
  for (const target of [`file://${upstream.path}`, `ext::touch ${scope.path}/ran`, `ssh://127.0.0.1/x`]) {
    redirect = target;
    await expect(mirror.fetch()).rejects.toMatchObject({ code: 'project_unreachable' });
  }
  redirect = null;
  await expect(mirror.fetch()).rejects.toMatchObject({ code: 'project_unreachable' });
});

test('a server that does not answer holds a fetch up for no longer than it may', async () => {
  silent = true;
  const mirror = await open(`http://127.0.0.1:${port}`);
  const started = performance.now();
  await expect(mirror.fetch({ timeout: 500 })).rejects.toMatchObject({
    code: 'project_unreachable',
    message: expect.stringContaining('took too long') as string,
  });
  const controller = new AbortController();
  setTimeout(() => {
    controller.abort();
  }, 200);
  await expect(mirror.fetch({ signal: controller.signal })).rejects.toMatchObject({ code: 'process_failed' });
  expect(performance.now() - started).toBeLessThan(10_000);
});
