import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openDatabase, sqliteUrl } from '../../src/db/index.ts';
import { failure, queued, ran } from '../queue/work.ts';
import { serveDeployment, writeConfig } from './serving.ts';

interface Parameter {
  name: string;
  in: 'path' | 'query';
}
interface Operation {
  parameters?: Parameter[];
}

/** What a parameter may be given: what there is, what nearly is, and what nobody would think of. */
const word = fc.oneof(
  fc.constantFrom(
    '1',
    '2',
    '0',
    '-1',
    '1e3',
    '0x1',
    '9007199254740993',
    '1.5',
    'tool',
    'rpms',
    'current',
    'true',
    'NaN',
  ),
  fc.constantFrom(
    '..',
    '.',
    '%00',
    '%2e%2e%2f',
    '%ff',
    '\0',
    "' or 1=1 --",
    '*',
    'W10',
    'WyJhIl0',
    'WzEsMiwzXQ',
    'pending',
  ),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ minLength: 100, maxLength: 700 }),
);

const headers = fc.record(
  {
    'if-none-match': fc.constantFrom('*', '"x"', 'W/"', ''),
    range: fc.constantFrom('bytes=0-', 'bytes=-1', 'bytes=9-1', 'bytes=a-b', 'lines=1-2', 'bytes=0-0,2-3'),
    'last-event-id': fc.constantFrom('0', '-1', 'end', 'x', '999999999999999', '9999999999999999999'),
    authorization: fc.constantFrom(
      'Basic',
      'Basic !!!',
      'Basic Og==',
      'Bearer',
      'Bearer x',
      'Digest a',
      `Bearer ${'y'.repeat(500)}`,
    ),
    accept: fc.constantFrom('text/html', '*/*', 'nonsense'),
    'x-request-id': fc.constantFrom('a b', 'ok', 'x'.repeat(100)),
    'content-type': fc.constantFrom('application/json', 'text/plain', 'x'),
  },
  { requiredKeys: [] },
);

test('whatever is asked of an address that the description names, the server never fails', async () => {
  const { config, dataDir } = await writeConfig();
  await mkdir(dataDir);
  const db = await openDatabase({ url: sqliteUrl(join(dataDir, 'trunkline.sqlite')), mode: 'write' });
  await queued(db, 'one', { target: 'rpms' });
  await ran(db, failure);
  await queued(db, 'two', { target: 'rpms' });
  await db.close();
  const { url, get } = await serveDeployment(config);
  const { paths } = (await (await get('/api/v1/openapi.json')).json()) as {
    paths: Record<string, Partial<Record<string, Operation>>>;
  };
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.values(methods).map((operation) => ({ path, parameters: operation?.parameters ?? [] })),
  );
  expect(operations.length).toBeGreaterThan(20);
  const request = fc.constantFrom(...operations).chain(({ path, parameters }) =>
    fc.record({
      path: fc.constant(path),
      values: fc.tuple(...parameters.map((one) => fc.tuple(fc.constant(one), fc.option(word)))),
      extra: fc.option(fc.tuple(word, word), { freq: 8 }),
      method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST', 'DELETE', 'PUT', 'OPTIONS', 'PROPFIND'),
      raw: fc.boolean(),
      headers,
    }),
  );
  await fc.assert(
    fc.asyncProperty(request, async ({ path, values, extra, method, raw, headers: sent }) => {
      const write = (text: string) =>
        raw ? text.replace(/[^\x21-\x7e]|[#?/\\]/g, '_') : encodeURIComponent(text.toWellFormed());
      let address = path;
      const query = [];
      for (const [{ name, in: place }, value] of values)
        if (place === 'path') address = address.replace(`{${name}}`, write(value ?? 'x') || 'x');
        else if (value !== null) query.push(`${name}=${write(value)}`);
      if (extra !== null) query.push(extra.map(write).join('='));
      const stop = new AbortController();
      const asked = `${url}${address}${query.length === 0 ? '' : `?${query.join('&')}`}`;
      const response = await fetch(asked, { method, headers: sent, signal: stop.signal });
      const type = response.headers.get('content-type') ?? '';
      const told = { asked, method, status: response.status };
      expect(told).toSatisfy(({ status }: typeof told) => status < 500);
      if (type.startsWith('text/event-stream')) {
        stop.abort();
        return;
      }
      const body = await response.text();
      expect(body).not.toMatch(/node_modules|at .*\.ts:\d+/);
      if (response.status >= 400 && method !== 'HEAD') {
        expect({ ...told, type }).toMatchObject({
          type: expect.stringContaining('application/problem+json') as string,
        });
        expect((JSON.parse(body) as { code: string }).code).toMatch(/^[a-z_]+$/);
      }
    }),
    { numRuns: process.env.TRUNKLINE_TEST_LONG === undefined ? 1500 : 30_000, interruptAfterTimeLimit: 100_000 },
  );
}, 240_000);
