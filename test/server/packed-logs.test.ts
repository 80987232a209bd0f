import { readdir, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { createClient } from '../../src/api/index.ts';
import { openDatabase, sqliteUrl } from '../../src/db/index.ts';
import { deploySamples, RPM } from '../e2e/fixture.ts';
import { problem, serveDeployment } from './serving.ts';
import { sampled } from '../sampled.ts';

const LONG =
  'i=0; while [ $i -lt 9000 ]; do echo "line-$i äöü and a few words that make it longer"; i=$((i+1)); done; exit 1';

sampled(
  'a log that is kept compressed reads as before: by the command, over HTTP in ranges, as a stream, on its page, in a backup',
  async () => {
    const deployment = await deploySamples(['alpha']);
    const { dataDir, directory } = deployment;
    await deployment.samples[0]?.push('long', LONG);
    await deployment.json(['run'], 1);
    const before = (await deployment.cli('log', '1')).stdout;
    expect(before.length).toBeGreaterThan(400_000);
    const logs = join(dataDir, 'logs/1/1');
    await deployment.json(['run']);
    expect(await readdir(logs), 'of an attempt that ended just now').toContain('build.log');
    const db = await openDatabase({ url: sqliteUrl(join(dataDir, 'trunkline.sqlite')), mode: 'write' });
    await db.sql
      .updateTable('attempts')
      .set({ finished_at: Date.now() - 11 * 60_000 })
      .execute();
    await db.close();
    await deployment.json(['run']);
    expect((await readdir(logs)).filter((name) => !name.endsWith('.gz'))).toEqual([]);
    expect((await deployment.cli('log', '1')).stdout).toBe(before);
    expect((await deployment.cli('log', '1', '--file', 'none.log')).stderr).toContain('build.log');

    const copy = join(directory, 'copy');
    await deployment.json(['backup', copy]);
    expect(
      (await readFile(join(copy, 'logs/1/1/build.log.gz'))).equals(await readFile(join(logs, 'build.log.gz'))),
    ).toBe(true);
    const repository = join(dataDir, 'repos', RPM);
    const published = (await readdir(repository, { recursive: true })).filter((path) => path.endsWith('/build.log'));
    for (const path of published) expect(await readFile(join(repository, path), 'utf8')).toBe(before);
    expect(published).toHaveLength(1);

    const server = await serveDeployment(deployment.config);
    const path = '/api/v1/builds/1/attempts/1/log';
    const bytes = Buffer.from(before);
    expect(await (await server.get(path)).text()).toBe(before);
    const packed = await raw(server.url + path, { 'accept-encoding': 'br, gzip;q=0.5' });
    expect(packed.headers).toMatchObject({
      'content-encoding': 'gzip',
      vary: 'accept-encoding',
      'content-length': String(packed.body.length),
    });
    expect(packed.body.length).toBeLessThan(bytes.length / 4);
    expect(gunzipSync(packed.body).equals(bytes)).toBe(true);
    const plain = await raw(server.url + path, { 'accept-encoding': 'gzip;q=0, identity' });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(plain.body.equals(bytes)).toBe(true);
    expect(plain.headers.etag).not.toBe(packed.headers.etag);
    expect((await raw(server.url + path, { 'if-none-match': String(plain.headers.etag) })).status).toBe(304);
    for (const [range, start, end] of [
      ['bytes=100-199', 100, 200],
      ['bytes=300000-', 300_000, bytes.length],
      ['bytes=-500', bytes.length - 500, bytes.length],
      ['bytes=262100-262200', 262_100, 262_201],
    ] as const) {
      const part = await raw(server.url + path, { range, 'accept-encoding': 'gzip' });
      expect(part.status).toBe(206);
      expect(part.headers['content-range']).toBe(`bytes ${String(start)}-${String(end - 1)}/${String(bytes.length)}`);
      expect(part.body.equals(bytes.subarray(start, end))).toBe(true);
    }
    await problem(await server.get(path, { range: 'bytes=99999999-' }), 416);
    expect((await server.get(path, { range: 'bytes=5-', 'if-range': '"other"' })).status).toBe(200);
    expect((await server.get(path, { 'accept-encoding': 'identity' }, 'HEAD')).headers.get('content-length')).toBe(
      String(bytes.length),
    );

    const client = createClient({ url: server.url });
    let followed = '';
    let from = 0;
    for await (const part of client.followLog({ build: 1, attempt: 1 }, AbortSignal.timeout(60_000))) {
      if (part.kind === 'end') break;
      followed += part.text;
      from = part.offset;
      if (from > 200_000) break;
    }
    for await (const part of client.followLog({ build: 1, attempt: 1, from }, AbortSignal.timeout(60_000)))
      if (part.kind === 'text') followed += part.text;
    expect(followed).toBe(before);
    expect(await (await server.get('/builds/1')).text()).toContain('line-8999 äöü');
    const attempt = (await (await server.get('/api/v1/builds/1/attempts/1')).json()) as { logs: string[] };
    expect(attempt.logs).toContain('build.log');
    expect(attempt.logs.filter((name) => name.endsWith('.gz'))).toEqual([]);
  },
);

/** An answer as it is on the wire: fetch would unpack it. */
function raw(url: string, headers: Record<string, string>) {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number | undefined;
    headers: Record<string, unknown>;
    body: Buffer;
  }>();
  request(url, { headers }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('end', () => {
      resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) });
    });
  })
    .on('error', reject)
    .end();
  return promise;
}
