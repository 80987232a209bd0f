import { describe, expect } from 'vitest';
import { createClient, ROUTES, type RouteName } from '../../src/api/index.ts';
import { RPM } from '../e2e/fixture.ts';
import { serveBuilds } from './deployment.ts';
import { plainStatus, problem } from './serving.ts';
import { sampled } from '../sampled.ts';

const TIMEOUT = 240_000;

describe('a deployment with a success and a failure', () => {
  sampled(
    'every resource is there, as the table of routes says, and agrees with what the command line says',
    async () => {
      const { deployment, server } = await serveBuilds();
      const client = createClient({ url: server.url });
      const { items: builds } = await client.get('listBuilds', {});
      const told = await deployment.json<{ id: number; state: string; result: string }[]>(['builds']);
      expect(builds.map(({ id, state, result }) => ({ id, state, result }))).toEqual(
        told.map(({ id, state, result }) => ({ id, state, result })),
      );
      const good = builds.find(({ project, result }) => project === 'alpha' && result === 'success');
      const bad = builds.find(({ result }) => result === 'failure');
      if (good === undefined || bad === undefined) throw new Error(JSON.stringify(builds));
      expect((await client.get('listBuilds', { project: 'beta', result: 'failure' })).items).toEqual([bad]);
      expect((await client.get('listBuilds', { state: 'running' })).items).toEqual([]);

      const { items: attempts } = await client.get('listAttempts', { build: bad.id });
      expect(attempts).toMatchObject([{ number: 1, result: 'failure', reason: 'build_failed' }]);
      const attempt = await client.get('getAttempt', { build: good.id, attempt: 1 });
      expect(attempt.inputs).toMatchObject({ upstreamCommit: good.upstream.hash, builder: 'sandbox' });
      expect(attempt.logs).toContain('build.log');

      const { items: packages } = await client.get('listPackages', { build: good.id });
      expect(packages.map(({ kind }) => kind).sort()).toEqual(['binary', 'source']);
      const [one] = packages;
      if (one === undefined) throw new Error('no package');
      expect(await client.get('getPackage', { package: one.id })).toEqual(one);
      expect((await client.get('listPackages', { sha256: one.sha256 })).items).toEqual([one]);

      const refs = await client.get('listRefs', { target: RPM });
      expect(refs.items.map(({ name }) => name)).toContain('current');
      const current = await client.get('getRef', { target: RPM, ref: 'current' });
      expect(current).toMatchObject({ protected: true });
      const { items: moves } = await client.get('listRefMoves', { target: RPM, ref: 'current', limit: 1 });
      expect(moves).toMatchObject([{ to: current.snapshot }]);

      const names: string[] = [];
      for await (const { snapshot } of client.all('listSnapshots', { target: RPM, limit: 1 })) names.push(snapshot);
      expect(names).toContain(current.snapshot);
      expect(new Set(names).size).toBe(names.length);
      const snapshot = await client.get('getSnapshot', { target: RPM, snapshot: 'current' });
      const listed: string[] = [];
      for await (const { fullName } of client.all('listSnapshotPackages', {
        target: RPM,
        snapshot: 'current',
        limit: 1,
      }))
        listed.push(fullName);
      expect(listed).toHaveLength(snapshot.packageCount);
      const oldest = names.at(-1) ?? '';
      const diff = await client.get('diffSnapshots', { target: RPM, snapshot: oldest.slice(0, 12), to: 'current' });
      expect(diff.changes.length).toBeGreaterThan(0);

      expect(await client.get('getQueue', {})).toMatchObject({ ready: 0, running: 0, oldestAt: null });
      const events = await client.get('listEvents', { kind: 'build_failed_first' });
      expect(events.items).toMatchObject([{ data: { project: 'beta', buildId: bad.id } }]);
      const later = await client.get('listEvents', { cursor: events.next ?? '' });
      expect(later.items).toEqual([]);
      const summaries = await client.get('listSummaries', {});
      expect(summaries.items).toMatchObject([
        { project: 'alpha', target: RPM, newest: { result: 'success' }, firstFailure: null, daysSinceLastSuccess: 0 },
        { project: 'beta', target: RPM, newest: { result: 'failure' }, firstFailure: { build: bad.id } },
      ]);
      const description = (await (await server.get('/api/v1/openapi.json')).json()) as {
        openapi: string;
        paths: object;
      };
      expect(description.openapi).toMatch(/^3\.1/);
      for (const name of Object.keys(ROUTES) as RouteName[])
        expect(Object.keys(description.paths)).toContain(`/api/v1${ROUTES[name].path.replace(/:([a-z]+)/g, '{$1}')}`);
      const docs = await server.get('/api/docs/');
      expect([docs.status, docs.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect((await server.get('/api/docs/static/swagger-ui-bundle.js')).status).toBe(200);

      await logsAndEvents();

      async function logsAndEvents() {
        const address = `/api/v1/builds/${String(bad?.id)}/attempts/1/log`;
        const whole = await server.get(address);
        const text = await whole.text();
        expect([whole.status, whole.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
        expect(text).toContain('<b>this & that</b>');
        const range = await server.get(address, { range: 'bytes=10-29' });
        expect([range.status, await range.text()]).toEqual([206, text.slice(10, 30)]);
        await problem(await server.get(address, { range: 'bytes=99999999-' }), 416);
        await problem(await server.get(`${address}?file=../../../trunkline.sqlite`), 400);
        await problem(await server.get(`${address}?file=nothing.log`), 404);
        const tag = whole.headers.get('etag') ?? '';
        expect(await plainStatus(server.url, address, { 'if-none-match': tag })).toBe(304);

        const parts = [];
        for await (const part of client.followLog(
          { build: bad?.id ?? 0, attempt: 1, from: 10 },
          AbortSignal.timeout(20_000),
        ))
          parts.push(part);
        expect(parts.at(-1)).toEqual({ kind: 'end', state: 'finished', result: 'failure' });
        expect(parts.map((part) => (part.kind === 'text' ? part.text : '')).join('')).toBe(text.slice(10));
        expect((await server.get(`${address}/stream`, { 'last-event-id': 'end' })).status).toBe(204);
        await problem(await server.get(`${address}/stream`, { 'last-event-id': '-1' }), 400);

        const stopped = new AbortController();
        const stream = await fetch(`${server.url}/api/v1/events/stream`, {
          headers: { 'last-event-id': '0' },
          signal: stopped.signal,
        });
        let heard = '';
        for await (const chunk of (stream.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
          heard += chunk;
          if (/^event: build_failed_first$/m.test(heard)) break;
        }
        stopped.abort();
        expect(heard).toMatch(/^id: \d+\nevent: build_finished\ndata: \{"id":\d+,/m);
      }
    },
    TIMEOUT,
  );
});
