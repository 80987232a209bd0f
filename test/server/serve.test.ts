import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createClient } from '../../src/api/index.ts';
import { githubPush, SECRET } from '../drivers/forges/samples.ts';
import { start } from '../e2e/command-line.ts';
import { problem, serveDeployment, talk, writeConfig } from './serving.ts';
import { sampled } from '../sampled.ts';

const PROJECTS = Object.fromEntries(
  ['gamma', 'alpha', 'beta'].map((name) => [
    name,
    {
      upstream: `https://user:s3cret-word@upstream.example/${name}`,
      packaging: { rpm: `https://downstream.example/${name}` },
      targets: ['rpms'],
      maintainers: ['people@downstream.example'],
    },
  ]),
);

test('a server answers, holds the data directory, says so, and stops when it is told to', async () => {
  const { config } = await writeConfig({ projects: PROJECTS });
  const server = await serveDeployment(config);
  expect(await (await server.get('/api/v1/builds')).json()).toEqual({ items: [], next: null });

  const writing = await start(['--config', config, '--json', 'run']).done;
  expect(writing.code).toBe(1);
  const { error } = JSON.parse(writing.stderr) as { error: { code: string; message: string } };
  expect(error).toMatchObject({ code: 'data_dir_locked', message: expect.stringContaining(server.url) as string });
  const reading = await start(['--config', config, '--json', 'builds']).done;
  expect([reading.code, reading.stdout]).toEqual([0, '[]\n']);

  server.command.kill('SIGTERM');
  const ended = await server.command.done;
  expect(ended).toMatchObject({ code: 143, stderr: '' });
  expect((await start(['--config', config, 'builds']).done).code).toBe(0);
});

sampled('a client that stalls does not hold up the end', { timeout: 60_000 }, async () => {
  const { config } = await writeConfig({ settings: { forges: { github: { secret: SECRET } } } });
  const { url, command } = await serveDeployment(config);
  const { headers } = githubPush('a-1');
  const lines = Object.entries({ host: 'x', ...headers, 'content-length': '1000' }).map((pair) => pair.join(': '));
  const stalled = talk(url, `POST /webhooks/github HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`).catch(() => '');
  await delay(500);
  const began = performance.now();
  command.kill('SIGTERM');
  expect((await command.done).code).toBe(143);
  expect(performance.now() - began).toBeLessThan(25_000);
  expect(await stalled).toBe('');
});

test('lists are given in pages that follow each other, without what is not for strangers', async () => {
  const { config } = await writeConfig({ projects: PROJECTS });
  const server = await serveDeployment(config);
  const first = await server.get('/api/v1/projects?limit=2');
  const text = await first.text();
  expect(text).not.toMatch(/s3cret-word|people@/);
  const page = JSON.parse(text) as { items: { name: string }[]; next: string };
  expect(page.items.map(({ name }) => name)).toEqual(['alpha', 'beta']);
  const link = /^<(\/api\/v1\/projects\?limit=2&cursor=[^>]+)>; rel="next"$/.exec(first.headers.get('link') ?? '')?.[1];
  const second = await server.get(link ?? '');
  expect(await second.json()).toMatchObject({ items: [{ name: 'gamma' }], next: null });
  expect(second.headers.get('link')).toBeNull();

  const client = createClient({ url: server.url });
  const names: string[] = [];
  for await (const { name } of client.all('listProjects', { limit: 1 })) names.push(name);
  expect(names).toEqual(['alpha', 'beta', 'gamma']);
  await expect(client.get('getBuild', { build: 7 })).rejects.toMatchObject({ code: 'not_found' });
  await expect(client.get('getProject', { project: '../x' })).rejects.toMatchObject({ code: 'invalid_argument' });
});

test('what has not changed is not sent again', async () => {
  const { config } = await writeConfig({ projects: PROJECTS });
  const { get } = await serveDeployment(config);
  const first = await get('/api/v1/projects/alpha');
  const tag = first.headers.get('etag') ?? '';
  expect(tag).toMatch(/^"[\w-]{20,}"$/);
  for (const known of [tag, `"other", W/${tag}`, '*']) {
    const again = await get('/api/v1/projects/alpha', { 'if-none-match': known });
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', tag]);
  }
  expect((await get('/api/v1/projects/beta', { 'if-none-match': tag })).status).toBe(200);
  const head = await get('/api/v1/projects/alpha', {}, 'HEAD');
  expect([head.status, await head.text(), head.headers.get('etag')]).toEqual([200, '', tag]);
  const same = await get('/api/v1/projects/alpha', { 'if-none-match': tag }, 'HEAD');
  expect([same.status, await same.text(), same.headers.get('etag')]).toEqual([304, '', tag]);
});

test('what is asked wrongly is refused with a stable code and a hint, and never with more', async () => {
  const { config, directory } = await writeConfig({ projects: PROJECTS });
  const { get, url } = await serveDeployment(config);
  for (const [path, status, code] of [
    ['/nothing', 404, 'not_found'],
    ['/api/v1/', 404, 'not_found'],
    ['/api/v1/projects/delta', 404, 'not_found'],
    ['/api/v1/builds/0', 400, 'invalid_argument'],
    ['/api/v1/builds/9007199254740993', 400, 'invalid_argument'],
    ['/api/v1/builds?projekt=alpha', 400, 'invalid_argument'],
    ['/api/v1/builds?limit=0', 400, 'invalid_argument'],
    ['/api/v1/builds?limit=501', 400, 'invalid_argument'],
    ['/api/v1/builds?limit=1&limit=2', 400, 'invalid_argument'],
    ['/api/v1/builds?project=%00', 400, 'invalid_argument'],
    ['/api/v1/builds?cursor=W10', 400, 'invalid_argument'],
    ['/api/v1/builds?cursor=%F0%9F', 400, 'invalid_argument'],
    ['/%zz', 400, 'invalid_argument'],
    [`/api/v1/projects/${'a'.repeat(600)}`, 400, 'invalid_argument'],
  ] as const) {
    const response = await get(path);
    expect([path, await problem(response, status)]).toMatchObject([path, { code, hint: expect.any(String) as string }]);
  }
  const wrong = await get('/api/v1/builds/7', {}, 'DELETE');
  expect([wrong.headers.get('allow'), (await problem(wrong, 405)).code]).toEqual(['GET, HEAD', 'method_not_allowed']);
  const big = await fetch(`${url}/api/v1/builds`, { method: 'POST', body: 'x'.repeat(2_000_000) });
  expect([405, 413, 415]).toContain(big.status);
  expect(await big.text()).not.toContain(directory);
});

test('an answer names no host that a client made up, and no other site reads or writes here', async () => {
  const { config } = await writeConfig({ projects: PROJECTS });
  const { url, get } = await serveDeployment(config);
  const raw = await talk(
    url,
    'GET /api/v1/projects?limit=1 HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n',
  );
  expect(raw).toMatch(/^HTTP\/1\.1 200 /);
  expect(raw).not.toContain('evil.example');
  expect(await talk(url, 'nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"invalid_argument"/);
  const { headers } = await get('/api/v1/projects', { origin: 'https://evil.example', 'x-request-id': 'mine-7' });
  expect(headers.get('access-control-allow-origin')).toBeNull();
  expect(headers.get('x-request-id')).toBe('mine-7');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('content-security-policy')).toContain("default-src 'none'");
});
