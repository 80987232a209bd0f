import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Target } from '../../../../src/model/index.ts';
import { freshDirectories, rpmTarget, spec, stageRpm } from '../samples.ts';
import { openRpmWorkshop, type RpmWorkshop } from './rpm-workshop.ts';

const never = new AbortController().signal;

describe('base repositories behind a network', () => {
  let workshop: RpmWorkshop;
  let server: Server;
  let target: Target;
  let asked: string[] = [];
  /** The mirror has other packages than its old metadata say, as after an update of the distribution. */
  let moved = false;

  beforeAll(async () => {
    workshop = await openRpmWorkshop();
    const address = workshop.target.baseRepositories[0];
    const directory = address?.kind === 'rpm' ? (address.baseurl[0] ?? '').replace('file://', '') : '';
    server = createServer((request, response) => {
      const path = join(directory, normalize(decodeURIComponent(request.url ?? '/')));
      asked.push(path);
      if (path.endsWith('repomd.xml')) moved = false;
      stat(moved && path.endsWith('.rpm') ? '/nowhere' : path).then(
        () => createReadStream(path).pipe(response),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    target = {
      ...workshop.target,
      name: 'remote-12-x86_64',
      buildPackages: ['rpm-build'],
      baseRepositories: rpmTarget('/').baseRepositories.map((one) => ({ ...one, baseurl: [url] }) as typeof one),
    };
    await workshop.builder.prepare(target, { refresh: false, report: () => undefined, signal: never });
  }, 300_000);
  afterAll(async () => {
    server.close();
    server.closeAllConnections();
    await workshop.close();
  });

  const build = async (name: string, requires: string) => {
    const text = spec(name, { header: `BuildRequires: ${requires}`, build: 'cat /proc/net/dev' });
    const source = await stageRpm(workshop.top, name, text);
    const { output, logs } = await freshDirectories(workshop.top, name);
    const outcome = await workshop.builder.build({ target, source, repository: null, output, logs, signal: never });
    const read = (file: string) => readFile(join(logs, file), 'utf8').catch(() => '');
    return { ...outcome, log: await read('build.log'), rootLog: await read('root.log') };
  };

  test('what is missing is fetched with the network, and installed and built without', async () => {
    asked = [];
    const outcome = await build('fetched', 'python3');
    expect(outcome).toMatchObject({ ok: true });
    expect(outcome.buildroot).toContainEqual(expect.stringMatching(/^python3-3\.11/));
    expect(asked.some((path) => path.includes('/packages/python3-3.11'))).toBe(true);
    expect(outcome.rootLog).toMatch(/dnf: downloaded[\s\S]*dnf: installed/);
    expect(outcome.log).not.toContain('eth0');

    asked = [];
    expect(await build('again', 'python3')).toMatchObject({ ok: true, buildroot: outcome.buildroot });
    expect(asked.filter((path) => path.endsWith('.rpm'))).toEqual([]);
  });

  test('metadata that a mirror has moved on from are read again', async () => {
    moved = true;
    const outcome = await build('updated', 'git');
    expect(outcome).toMatchObject({ ok: true });
    expect(outcome.rootLog).toContain('Cannot download');
  });

  test('a repository that does not answer is trouble of the machine, not of the package', async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const outcome = await build('unreachable', 'python3-pytest');
    expect(outcome).toMatchObject({ ok: false, reason: 'infra_error' });
    expect(outcome.detail).toContain('Cannot download');
  });
});
