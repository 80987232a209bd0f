import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { WORKER_PROTOCOL, type Order } from '../../src/api/index.ts';
import { listPackages } from '../../src/db/index.ts';
import { run } from '../../src/lib/index.ts';
import { RPM, type Deployment, type Sample } from '../e2e/fixture.ts';
import { alphaAndBeta, openWorkshop, type Workshop } from './deployment.ts';

export const PROFILE = {
  architectures: ['x86_64', 'amd64'],
  formats: ['rpm', 'deb'],
  builders: ['sandbox'],
  memory: 2 ** 40,
};

/** Speaks to a server as a worker's token lets one, and says what it likes. */
export function speaker(url: string, token: string) {
  const ask = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const bytes = body instanceof Uint8Array;
    const response = await fetch(`${url}/api/v1/worker${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': bytes ? 'application/octet-stream' : 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: bytes ? Buffer.from(body) : JSON.stringify(body) }),
    });
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    return {
      status: response.status,
      body: type.includes('json') ? (JSON.parse(text) as Record<string, unknown>) : text,
    };
  };
  const claim = async (): Promise<Order> => {
    const body = { protocol: WORKER_PROTOCOL, name: 'liar', profile: PROFILE, targets: [RPM], wait: 10 };
    const { status, body: order } = await ask('POST', '/claim', body);
    expect({ status, order }).toMatchObject({ status: 200 });
    return order as unknown as Order;
  };
  return { ask, claim };
}

export type Speaker = ReturnType<typeof speaker>;

export const rooted = ({ attempt }: Order) => `/attempts/${String(attempt)}`;
export const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

export const account = (files: { name: string; sha256: string; size: number }[], more: object = {}) => ({
  ...{ files, failure: null, buildroot: [], builderVersion: '1', baseRepositories: [], timings: {} },
  ...more,
});

/** A binary and a source RPM that call themselves what they like, as the machine's own rpmbuild makes them. */
export async function forge(
  directory: string,
  name: string,
  version = '1',
  more = '',
): Promise<{ binary: Buffer; source: Buffer }> {
  const spec = join(directory, `${name}.spec`);
  const lines = [
    'Release: 1',
    'Summary: forged',
    'License: MIT',
    'BuildArch: noarch',
    '%description',
    'forged',
    '%files',
  ];
  await writeFile(spec, [`Name: ${name}`, `Version: ${version}`, ...lines, more, ''].join('\n'));
  const top = join(directory, `top-${name}-${version}`);
  await run(['rpmbuild', '-ba', '--define', `_topdir ${top}`, spec]);
  const one = async (place: string) => {
    const [found = ''] = await readdir(join(top, place));
    return readFile(join(top, place, found));
  };
  return { binary: await one('RPMS/noarch'), source: await one('SRPMS') };
}

/** Sends files and says that they are what was built. */
export async function deliver(liar: Speaker, order: Order, files: Record<string, Buffer>) {
  for (const bytes of Object.values(files)) expect(await send(liar, order, bytes)).toMatchObject({ status: 200 });
  const listed = Object.entries(files).map(([name, bytes]) => ({ name, sha256: digest(bytes), size: bytes.length }));
  const { body } = await liar.ask('POST', `${rooted(order)}/built?lease=${String(order.lease)}`, account(listed));
  return body as { next: string; failure: { reason: string; detail: string } | null };
}

export async function send({ ask }: Speaker, order: Order, bytes: Buffer, name = digest(bytes)) {
  return ask(
    'PUT',
    `${rooted(order)}/packages/${name}?lease=${String(order.lease)}&offset=0&size=${String(bytes.length)}`,
    bytes,
  );
}

/** Nothing was published, and nothing is in the pool. */
export async function expectNothing(shop: Workshop): Promise<void> {
  expect(await listPackages(shop.db, [1])).toEqual([]);
  const pool = join(shop.deployment.dataDir, 'repos', RPM, 'pool');
  expect(await readdir(pool).catch(() => [])).toEqual([]);
}

export async function claimed(samples: (deployment: Deployment) => Promise<Sample[]> = alphaAndBeta, settings = {}) {
  const shop = await openWorkshop(samples, settings);
  const { url } = await shop.serve();
  await shop.discover('alpha');
  const liar = speaker(url, shop.tokens.one);
  const order = await liar.claim();
  return { shop, url, liar, order };
}
