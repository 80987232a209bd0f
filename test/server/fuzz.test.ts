import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect } from 'vitest';
import { deploySamples, RPM } from '../e2e/fixture.ts';
import { valuesOf, type Described, type Filling } from './described-values.ts';
import { serveDeployment } from './serving.ts';
import { sampled } from '../sampled.ts';

interface Parameter {
  name: string;
  in: 'path' | 'query';
  schema?: Described;
}
interface Operation {
  operationId: string;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: Described }> };
}
interface Description {
  paths: Record<string, Partial<Record<string, Operation>>>;
  components: { schemas: Record<string, Described> };
}
/** A request to an address of the description. */
interface Asked {
  path: string;
  values: [Parameter, unknown][];
  extra: [string, string] | null;
  method: string;
  raw: boolean;
  headers: Record<string, string | undefined>;
  body?: string;
}

const LONG = process.env.TRUNKLINE_TEST_LONG !== undefined;

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
    'ada',
    'sample-12-x86_64',
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

const BODILESS = ['GET', 'HEAD'];

/** Addresses as anybody may ask them, with nothing that lets in. */
function strangers(operations: readonly { path: string; parameters?: Parameter[] }[]): fc.Arbitrary<Asked> {
  return fc.constantFrom(...operations).chain(({ path, parameters = [] }) =>
    fc.record({
      path: fc.constant(path),
      values: fc.tuple(...parameters.map((one) => fc.tuple(fc.constant(one), fc.option(word)))),
      extra: fc.option(fc.tuple(word, word), { freq: 8 }),
      method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST', 'DELETE', 'PUT', 'OPTIONS', 'PROPFIND'),
      raw: fc.boolean(),
      headers,
    }),
  );
}

const nonsense = fc.constantFrom(
  '',
  '{',
  'null',
  '[]',
  '"x"',
  '{"__proto__":{}}',
  '{"a":'.repeat(500),
  '\ufeff{}',
  '{}',
);

/** What an administrator asks: what the description says, nearly that, and nonsense. */
function administrators(
  operations: readonly (Operation & { path: string; method: string })[],
  filling: Filling,
  token: string,
): fc.Arbitrary<Asked> {
  const changes = operations.filter(({ method }) => method !== 'GET');
  return fc
    .constantFrom(...operations, ...changes, ...changes)
    .chain(({ path, method, parameters = [], requestBody }) => {
      const [[type, content] = []] = Object.entries(requestBody?.content ?? {});
      const said = valuesOf(filling, content?.schema).map(
        (value) => (JSON.stringify(value) as string | undefined) ?? 'undefined',
      );
      const body = fc.oneof({ weight: 12, arbitrary: said }, { weight: 1, arbitrary: nonsense });
      const valued = parameters.map((one) => {
        const value = valuesOf(filling, one.schema, one.name);
        return fc.tuple(fc.constant(one), one.in === 'path' ? value : fc.option(value, { freq: 1 }));
      });
      return fc.record({
        path: fc.constant(path),
        values: fc.tuple(...valued),
        extra: fc.constant(null),
        method: fc.constant(method),
        raw: fc.constant(false),
        headers: fc.constant({
          authorization: `Bearer ${token}`,
          ...(method === 'GET' ? {} : { 'content-type': type ?? 'application/octet-stream' }),
        }),
        ...(method === 'GET' ? {} : { body }),
      });
    });
}

const written = (value: unknown) =>
  typeof value === 'string' ? value : ((JSON.stringify(value) as string | undefined) ?? 'undefined');

/** Asks, and holds what every answer has to be. Answers its status. */
async function ask(url: string, { path, values, extra, method, raw, headers: sent, body }: Asked): Promise<number> {
  const write = (text: unknown) =>
    raw ? written(text).replace(/[^\x21-\x7e]|[#?/\\]/g, '_') : encodeURIComponent(written(text).toWellFormed());
  let address = path;
  const query = [];
  for (const [{ name, in: place }, value] of values)
    if (place === 'path') address = address.replace(`{${name}}`, write(value ?? 'x') || 'x');
    else if (value !== null) query.push(`${name}=${write(value)}`);
  if (extra !== null) query.push(extra.map(write).join('='));
  const stop = new AbortController();
  const asked = `${url}${address}${query.length === 0 ? '' : `?${query.join('&')}`}`;
  const response = await fetch(asked, {
    ...{ method, headers: sent as Record<string, string>, signal: stop.signal },
    ...(body === undefined || BODILESS.includes(method) ? {} : { body }),
  });
  const type = response.headers.get('content-type') ?? '';
  const told = { asked, method, body, status: response.status };
  expect(told).toSatisfy(({ status }: typeof told) => status < 500);
  if (type.startsWith('text/event-stream')) {
    stop.abort();
    return response.status;
  }
  const text = await response.text();
  expect(text).not.toMatch(/node_modules|at .*\.ts:\d+/);
  if (response.status >= 400 && method !== 'HEAD') {
    expect({ ...told, type }).toMatchObject({ type: expect.stringContaining('application/problem+json') as string });
    expect((JSON.parse(text) as { code: string }).code).toMatch(/^[a-z_]+$/);
  }
  return response.status;
}

sampled(
  'whatever is asked of an address that the description names, the server never fails',
  async () => {
    const { config, dataDir, samples, json } = await deploySamples(['tool']);
    await json(['run']);
    await samples[0]?.push('broken', 'exit 1');
    await json(['run'], 1);
    const { url, get } = await serveDeployment(config);
    const { paths, components } = (await (await get('/api/v1/openapi.json')).json()) as Description;
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, one]) =>
        one === undefined ? [] : [{ ...one, path, method: method.toUpperCase() }],
      ),
    );
    expect(operations.length).toBeGreaterThan(60);
    const token = (await readFile(join(dataDir, 'server-token'), 'utf8')).trim();
    const { snapshot } = (await (await get(`/api/v1/targets/${RPM}/refs/current`)).json()) as { snapshot: string };
    const [names, numbers] = [
      ['ada', 'bob', 'testers'],
      [1, 2],
    ];
    const known = {
      ...{
        target: [RPM],
        project: ['tool'],
        user: names,
        team: names,
        name: names,
        ref: ['current', 'tested', 'mine'],
      },
      ...{ snapshot: [snapshot, snapshot.slice(0, 9)], build: numbers, attempt: [1], token: numbers, grant: numbers },
      ...{ holder: ['user/ada', 'team/testers', 'anonymous'], job: ['boot'], jobs: ['boot'], package: numbers },
      ...{ password: ['long enough for a password'], version: ['1.0'], reason: ['it is needed'] },
    };
    const { schemas } = components;
    const accepted = new Set<string>();
    const asOwner = administrators(operations, { schemas, word, known }, token);
    const limits = { numRuns: LONG ? 15_000 : 600, interruptAfterTimeLimit: LONG ? 300_000 : 40_000 };
    await fc.assert(
      fc.asyncProperty(strangers(operations), async (asked) => {
        await ask(url, asked);
      }),
      limits,
    );
    await fc.assert(
      fc.asyncProperty(asOwner, async (asked) => {
        const status = await ask(url, asked);
        expect(status).not.toBe(401);
        if (status < 300) accepted.add(`${asked.method} ${asked.path}`);
      }),
      limits,
    );
    // Bodies that are always refused would try nothing but their schemas.
    const changed = [...accepted].filter((one) => one.startsWith('POST'));
    expect(changed.length, changed.join('\n')).toBeGreaterThan(5);
  },
  700_000,
);
