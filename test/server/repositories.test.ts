import { createServer, type AddressInfo } from 'node:net';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { DEB, deploySamples, RPM } from '../e2e/fixture.ts';
import { aptClient, dnfClient } from '../e2e/install.ts';
import { contentsOf, refOf, repositoryOf } from '../e2e/published.ts';
import { plainStatus, problem, serveDeployment, talk } from './serving.ts';
import { sampled } from '../sampled.ts';

const TIMEOUT = 240_000;

sampled(
  'dnf and apt install from a server, from signed repositories, with nothing but the client files',
  async () => {
    const port = await freePort();
    const settings = {
      signing: {},
      base_url: `http://127.0.0.1:${String(port)}/repos`,
      server: { listen: `127.0.0.1:${String(port)}` },
    };
    const deployment = await deploySamples(['alpha'], { formats: 'both', settings });
    await deployment.json(['key', 'rotate']);
    await deployment.json(['run']);
    const first = await refOf(deployment, RPM, 'current');
    await deployment.samples[0]?.push('two');
    await deployment.json(['run']);
    const { get } = await serveDeployment(deployment.config, `127.0.0.1:${String(port)}`);

    const files = join(deployment.directory, 'client');
    await mkdir(files);
    for (const [target, ending] of [
      [RPM, 'repo'],
      [DEB, 'sources'],
      [DEB, 'pref'],
    ] as const) {
      const name = `trunkline-${target}.${ending}`;
      await writeFile(join(files, name), await (await get(`/repos/${target}/${name}`)).text());
    }
    const dnf = await dnfClient(join(deployment.directory, 'dnf'), join(files, `trunkline-${RPM}.repo`));
    expect(await dnf.install('alpha')).not.toMatch(/ignor/i);
    const apt = await aptClient(join(deployment.directory, 'apt'), files, `trunkline-${DEB}`);
    expect(await apt.install('alpha')).not.toMatch(/unauthenticated|ignor/i);
    for (const { root } of [dnf, apt])
      expect(await readFile(join(root, 'usr/share/alpha/content'), 'utf8')).toBe('two\n');

    // Files of a snapshot that were taken away are made again when somebody asks for one.
    const directory = join(repositoryOf(deployment, RPM), 'snapshots', first ?? '');
    const before = await readFile(join(directory, 'repodata/repomd.xml'), 'utf8');
    await rm(directory, { recursive: true });
    const again = await get(`/repos/${RPM}/snapshots/${first ?? ''}/repodata/repomd.xml`);
    expect([again.status, await again.text()]).toEqual([200, before]);
    await problem(await get(`/repos/${RPM}/snapshots/${'0'.repeat(64)}/repodata/repomd.xml`), 404);
    await problem(await get(`/repos/${RPM}/snapshots/${first ?? ''}/repodata/nothing`), 404);
  },
  TIMEOUT,
);

sampled(
  'files are sent in ranges, with tags, types and times to live; nothing else of the machine is sent',
  async () => {
    const deployment = await deploySamples(['alpha']);
    await deployment.json(['run']);
    const { get, url } = await serveDeployment(deployment.config);
    const top = repositoryOf(deployment, RPM);
    const one = (await contentsOf(deployment, RPM)).find(({ kind }) => kind === 'binary');
    const pool = `pool/${one?.sha256.slice(0, 2) ?? ''}/${one?.sha256 ?? ''}/${one?.fileName ?? ''}`;
    const whole = await get(`/repos/${RPM}/${pool}`);
    const bytes = Buffer.from(await whole.arrayBuffer());
    expect(bytes.equals(await readFile(join(top, pool)))).toBe(true);
    expect(Object.fromEntries(whole.headers)).toMatchObject({
      'content-type': 'application/x-rpm',
      'cache-control': 'public, max-age=31536000, immutable',
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
    });
    const part = await get(`/repos/${RPM}/${pool}`, { range: 'bytes=100-199' });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 100-199/${String(bytes.length)}`]);
    expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(100, 200))).toBe(true);
    const past = await get(`/repos/${RPM}/${pool}`, { range: `bytes=${String(bytes.length)}-` });
    expect([past.headers.get('content-range'), (await problem(past, 416)).code]).toEqual([
      ...[`bytes */${String(bytes.length)}`, 'range_not_satisfiable'],
    ]);
    const head = await get(`/repos/${RPM}/${pool}`, {}, 'HEAD');
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([
      200,
      String(bytes.length),
      '',
    ]);
    const tag = whole.headers.get('etag') ?? '';
    expect(await plainStatus(url, `/repos/${RPM}/${pool}`, { 'if-none-match': tag })).toBe(304);
    const modified = whole.headers.get('last-modified') ?? '';
    expect(await plainStatus(url, `/repos/${RPM}/${pool}`, { 'if-modified-since': modified })).toBe(304);

    for (const path of ['current/repodata/repomd.xml', 'current.mirrorlist', `trunkline-${RPM}.repo`]) {
      const { status, headers } = await get(`/repos/${RPM}/${path}`);
      expect([path, status, headers.get('cache-control')]).toEqual([path, 200, 'public, no-cache']);
    }
    const [aa = ''] = (await readdir(top)).filter((name) => /^[0-9a-f]{2}$/.test(name));
    const [bb = ''] = await readdir(join(top, aa));
    const [build = ''] = await readdir(join(top, aa, bb));
    const csv = await get(`/repos/${RPM}/${aa}/${bb}/${build}/versions.csv`);
    expect([csv.status, csv.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8']);
    expect((await get(`/repos/${RPM}/${aa}/${bb}/${build}/repodata/repomd.xml`)).status).toBe(200);

    await writeFile(join(top, 'page.html'), '<script>alert(1)</script>');
    expect((await get(`/repos/${RPM}/page.html`)).headers.get('content-type')).toBe('application/octet-stream');
    await symlink('/etc/passwd', join(top, 'absolute'));
    await symlink('../../trunkline.sqlite', join(top, 'upwards'));
    await symlink('loop', join(top, 'loop'));
    await writeFile(join(top, '.tmp-secret'), 'x');
    await mkdir(join(top, 'fragments'), { recursive: true });
    await writeFile(join(top, 'fragments/known'), 'x');
    for (const path of [
      ...['absolute', 'upwards', 'loop', '.tmp-secret', 'fragments/known', 'pool/', 'pool', '', 'current', 'current/'],
      ...[
        '../../trunkline.yaml',
        '%2e%2e/%2e%2e/trunkline.yaml',
        '..%2f..%2ftrunkline.yaml',
        'pool/../../../trunkline.yaml',
        // Judged by its first part, a path must not lead to another: a restricted ref, what only we read.
        'pool/../current/repodata/repomd.xml',
        'pool/%2e%2e/current/repodata/repomd.xml',
        './current/repodata/repomd.xml',
        'pool/../fragments/known',
        '/current/repodata/repomd.xml',
      ],
      ...['%00', `${pool}%00`, `${pool}/x`, 'a'.repeat(300), '//etc/passwd', '..\\..\\trunkline.yaml', './.tmp-secret'],
    ]) {
      const answer = await talk(url, `GET /repos/${RPM}/${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
      expect([path, answer]).toEqual([path, expect.stringMatching(/^HTTP\/1\.1 40[04] [\s\S]*problem\+json/)]);
    }
    await problem(await get('/repos/elsewhere/current/repodata/repomd.xml'), 404);
  },
  TIMEOUT,
);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
