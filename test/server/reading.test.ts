import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TrunkContext } from '../../src/builds/index.ts';
import { addGrant, createAuthenticator, createToken, createUser } from '../../src/access/index.ts';
import { openDatabase, sqliteUrl, type Db } from '../../src/db/index.ts';
import { createDiskStore } from '../../src/drivers/stores/disk/index.ts';
import { createLog } from '../../src/lib/index.ts';
import { restrictionsOf } from '../../src/model/access/index.ts';
import { openRepository, type Repository } from '../../src/repos/index.ts';
import { createServer } from '../../src/server/index.ts';
import { openReceiver } from '../../src/trunk/index.ts';
import { basic, change, PASSWORD } from '../access/samples.ts';
import { aptMachine, dnfMachine } from '../e2e/client-machines.ts';
import { buildDeb, buildRpm, controlOf, deb, rpm, scratch } from '../drivers/formats/packages.ts';
import { memoryNodes, publish } from '../repos/snapshots.ts';

const RPM = { name: 'product-43-x86_64', arch: 'x86_64' };
const DEB = { name: 'product-12-amd64', arch: 'amd64' };

let directory: string;
let web: Awaited<ReturnType<typeof guardedWeb>>;
let db: Db;
let token: string;
const repositories = new Map<string, Repository>();

/** The server in this process; what it is asked for is written down. */
async function guardedWeb() {
  const requests: { path: string; status: number; authorization: string }[] = [];
  const targets = [RPM, DEB].map(({ name }) => ({ name, restricted: ['*'] }));
  const server = { workerLease: 60, trustedProxies: [] };
  const settings = { targets, projects: [], protectedRefs: [], dataDir: directory, server };
  const repository = ({ name }: { name: string }) => repositories.get(name);
  const trunk = { db, settings, repository, log: createLog('silent'), now: Date.now } as unknown as TrunkContext;
  const app = await createServer({
    ...{ trunk, version: '1', stopping: new AbortController().signal },
    authenticate: createAuthenticator(db, { restricted: restrictionsOf(targets) }),
    webhooks: openReceiver(trunk, []),
  });
  app.server.on('request', ({ url = '', headers }, response) => {
    const asked = { path: decodeURIComponent(url), authorization: headers.authorization ?? '' };
    response.on('finish', () => requests.push({ ...asked, status: response.statusCode }));
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const host = `127.0.0.1:${String(port)}`;
  return { host, url: `http://${host}`, requests, close: () => app.close() };
}

beforeAll(async () => {
  directory = await scratch();
  db = await openDatabase({ url: sqliteUrl(join(directory, 'db.sqlite')), mode: 'write' });
  web = await guardedWeb();
  for (const [target, format] of [
    [RPM, rpm],
    [DEB, deb],
  ] as const) {
    const top = join(directory, 'repos', target.name);
    const store = createDiskStore({ directory: join(top, 'pool') });
    const repository = openRepository({
      ...{ directory: top, target, format, store, nodes: memoryNodes() },
      url: `${web.url}/repos/${target.name}`,
    });
    repositories.set(target.name, repository);
    const built =
      format === rpm
        ? await buildRpm(directory, { name: 'hello' })
        : [await buildDeb(directory, controlOf('hello', '1.0'))];
    const files = await format.identify(built);
    await repository.admit(files);
    const snapshot = await publish(repository, files, { project: 'hello' });
    await repository.moveRef('current', snapshot);
    await repository.moveRef('tested', snapshot);
  }
  await createUser(db, { name: 'ada', password: PASSWORD, admin: false }, change());
  const grant = { role: 'viewer', target: 'product-*', ref: 'tested' } as const;
  await addGrant(db, { user: 'ada' }, grant, change());
  ({ secret: token } = await createToken(db, { user: 'ada', name: 'm', scope: [grant], expiresAt: null }, change()));
}, 120_000);

afterAll(async () => {
  await web.close();
  await db.close();
  await rm(directory, { recursive: true });
});

const asked = async (work: () => Promise<{ exitCode: number; said: string }>) => {
  const before = web.requests.length;
  const { exitCode, said } = await work();
  return { exitCode, said, requests: web.requests.slice(before) };
};

test(
  'dnf reads what its credentials may, by mirror list and pool, and nothing without',
  { timeout: 240_000 },
  async () => {
    const top = join(directory, 'repos', RPM.name);
    const machine = (ref: string, login: string) =>
      dnfMachine(directory, join(top, `trunkline-${RPM.name}.repo`), (text) =>
        text.replaceAll('current.mirrorlist', `${ref}.mirrorlist`).concat(login),
      );
    const login = (secret: string) => `username=ada\npassword=${secret}\n`;
    for (const secret of [token, PASSWORD]) {
      const { dnf } = await machine('tested', login(secret));
      const into = await mkdtemp(join(directory, 'got-'));
      const good = await asked(() => dnf('download', '--destdir', into, 'hello'));
      expect(good).toMatchObject({ exitCode: 0 });
      expect(good.requests.map(({ status }) => status)).not.toContain(401);
      expect(good.requests.some(({ path }) => path.includes('/pool/'))).toBe(true);
      expect(good.requests.every(({ authorization }) => authorization === basic('ada', secret))).toBe(true);
    }
    for (const [ref, text, status] of [
      ['tested', '', 401],
      ['tested', login(`${token}x`), 401],
      ['current', login(token), 403],
    ] as const) {
      const { dnf } = await machine(ref, text);
      const bad = await asked(() => dnf('repoquery', '--setopt=skip_if_unavailable=0', 'hello'));
      expect(bad.exitCode).not.toBe(0);
      expect(new Set(bad.requests.map((one) => one.status))).toEqual(new Set([status]));
      expect(bad.said).not.toContain(token);
    }
  },
);

test('apt reads what auth.conf has a login for, and nothing without', { timeout: 240_000 }, async () => {
  const machine = async (ref: string, login: string | null) => {
    const made = await aptMachine(directory, []);
    const source = `Types: deb\nURIs: ${web.url}/repos/${DEB.name}/${ref}/\nSuites: trunk\nComponents: main\nTrusted: yes\n`;
    await writeFile(join(made.root, 'etc/apt/sources.list.d/x.sources'), source);
    await mkdir(join(made.root, 'etc/apt/auth.conf.d'));
    // Over plain HTTP apt sends a login only where the file says so.
    const machineLine = `machine http://${web.host}/repos/${DEB.name}`;
    if (login !== null)
      await writeFile(join(made.root, 'etc/apt/auth.conf.d/x.conf'), `${machineLine} login ada password ${login}\n`);
    return made;
  };
  const { apt: aptGet, installed } = await machine('tested', token);
  const good = await asked(() => aptGet('update'));
  expect(good.exitCode, good.said).toBe(0);
  const install = await asked(() => aptGet('install', 'hello'));
  expect(install.exitCode, install.said).toBe(0);
  expect(await installed()).toEqual(['hello-1.0']);
  expect([...good.requests, ...install.requests].map(({ status }) => status)).not.toContain(401);
  for (const [ref, login, status] of [
    ['tested', null, 401],
    ['tested', `${token}x`, 401],
    ['current', token, 403],
  ] as const) {
    const { apt } = await machine(ref, login);
    const bad = await asked(() => apt('update', '--error-on=any'));
    expect(bad.exitCode).not.toBe(0);
    expect(new Set(bad.requests.map((one) => one.status))).toEqual(new Set([status]));
    expect(bad.said).not.toContain(token);
  }
});
