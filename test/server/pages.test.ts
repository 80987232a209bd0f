import { expect, test } from 'vitest';
import { deploySamples, RPM } from '../e2e/fixture.ts';
import { upstream } from '../e2e/samples.ts';
import { serveBuilds } from './deployment.ts';
import { plainStatus, problem, serveDeployment } from './serving.ts';

const TIMEOUT = 240_000;

test(
  'the pages show what there is, filtered and escaped, without any script but for a log that is being written',
  async () => {
    const { deployment, server } = await serveBuilds();
    const timeline = await server.get('/');
    const text = await timeline.text();
    expect([timeline.status, timeline.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(text).toMatch(/^<!doctype html><html lang="en">/);
    expect(text).not.toContain('<script');
    for (const shown of ['alpha', 'beta', 'Say two', 'failure: build_failed', '/builds/1'])
      expect(text).toContain(shown);
    expect(await (await server.get('/?project=beta&target=&state=failure')).text()).not.toContain('Say two');
    expect(await (await server.get('/?state=running')).text()).toContain('There is no such build');
    expect(await (await server.get('/?before=2')).text()).not.toContain('/builds/2');

    const summary = await (await server.get('/summary?project=')).text();
    for (const shown of ['alpha', 'beta', 'failure: build_failed', 'First failure']) expect(summary).toContain(shown);
    expect(await (await server.get('/summary?project=alpha')).text()).not.toContain('beta');

    const builds = await deployment.json<{ id: number; project: string; result: string }[]>(['builds']);
    const bad = builds.find(({ result }) => result === 'failure')?.id ?? 0;
    const good = builds.find(({ result }) => result === 'success')?.id ?? 0;
    const broken = await (await server.get(`/builds/${String(bad)}`)).text();
    expect(broken).toContain('&lt;b>this &amp; that&lt;/b>');
    expect(broken).not.toMatch(/<b>this|<script/);
    const whole = await (await server.get(`/builds/${String(good)}`)).text();
    const href = /href="(\/repos\/[^"]+\.rpm)"/.exec(whole)?.[1] ?? '';
    expect((await server.get(href, {}, 'HEAD')).status).toBe(200);
    const client = /href="(\/repos\/[^"]+\.repo)"/.exec(text)?.[1] ?? '';
    expect((await server.get(client)).status).toBe(200);
    const tag = (await server.get('/summary')).headers.get('etag') ?? '';
    expect(await plainStatus(server.url, '/summary', { 'if-none-match': tag })).toBe(304);
    await problem(await server.get('/builds/4711'), 404);
    await problem(await server.get('/?state=lost'), 400);
    expect((await server.get('/assets/trunkline.css')).headers.get('content-type')).toBe('text/css; charset=utf-8');

    expect(await (await server.get('/healthz')).text()).toBe('ok\n');
    expect(await (await server.get('/readyz')).text()).toBe('ready\n');
    const metrics = await (await server.get('/metrics')).text();
    expect(await (await server.get('/robots.txt')).text()).toContain('Disallow: /repos/');
    expect(metrics).toMatch(/^trunkline_queue_attempts\{state="ready"\} 0$/m);
    expect(metrics).toMatch(new RegExp(`^trunkline_store_bytes\\{target="${RPM}"\\} [1-9]\\d+$`, 'm'));
  },
  TIMEOUT,
);

test(
  'what strangers write into commits and names stays text',
  async () => {
    const deployment = await deploySamples(['alpha']);
    const evil = '"><script>alert(1)</script><img src=x onerror=alert(2)>';
    await deployment.samples[0]?.upstream.commit({ message: `Say ${evil}`, files: upstream('x') });
    await deployment.json(['run']);
    const { get } = await serveDeployment(deployment.config);
    for (const path of ['/', '/summary', '/builds/1']) {
      const text = await (await get(path)).text();
      expect([path, text]).toEqual([path, expect.not.stringMatching(/<script>|<img/)]);
      if (path !== '/summary') expect(text).toContain('&lt;script>');
    }
  },
  TIMEOUT,
);
