import { readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDiskStore } from '../../src/drivers/stores/disk/index.ts';
import { openRepository, type Repository } from '../../src/repos/index.ts';
import { rpm, scratch } from '../drivers/formats/packages.ts';
import { memoryNodes, publish } from './snapshots.ts';

let directory: string;
let top: string;
let serial = 0;
let repository: Repository;
let hash: string;

beforeAll(async () => {
  directory = await scratch();
});

afterAll(() => rm(directory, { recursive: true }));

beforeEach(async () => {
  serial += 1;
  top = join(directory, `repository-${String(serial)}`);
  const store = createDiskStore({ directory: join(top, 'pool') });
  const target = { name: 't', arch: 'x86_64' };
  repository = openRepository({
    ...{ directory: top, format: rpm, store, target, nodes: memoryNodes() },
    url: 'http://example.org/repos/t/',
  });
  hash = await publish(repository, []);
});

describe('refs', () => {
  test('move in one step, name a whole snapshot and have client files', async () => {
    expect(await repository.readRef('current')).toBe(null);
    await repository.moveRef('current', hash);
    await repository.moveRef('consistent', hash);
    expect(await repository.readRef('current')).toBe(hash);
    expect(await readlink(join(top, 'current'))).toBe(`snapshots/${hash}`);
    expect(await readFile(join(top, 'current.mirrorlist'), 'utf8')).toBe(
      `http://example.org/repos/t/snapshots/${hash}/\n`,
    );
    expect(await readFile(join(top, 'trunkline-t.repo'), 'utf8')).toContain(
      'mirrorlist=http://example.org/repos/t/current.mirrorlist\n',
    );
    expect(await readFile(join(top, 'trunkline-t-consistent.repo'), 'utf8')).toContain('[trunkline-t-consistent]\n');
    expect(await readFile(join(top, 'current', 'trunkline-t.repo'), 'utf8')).toContain(
      `baseurl=http://example.org/repos/t/snapshots/${hash}/\n`,
    );
    await expect(repository.moveRef('current', 'f'.repeat(64))).rejects.toMatchObject({ code: 'not_found' });
    expect(await repository.readRef('current')).toBe(hash);
  });

  test.each(['../x', 'snapshots', 'pool', 'ab', 'a/b', '.hidden', '', 'component', 'Ref'])(
    'take no name like %j',
    async (name) => {
      await expect(repository.moveRef(name, hash)).rejects.toMatchObject({ code: 'invalid_argument' });
    },
  );
});

describe('build directories', () => {
  test('hold links into the snapshot, the client file and what the caller gives; a failure has no repository', async () => {
    const log = join(directory, 'build.log');
    await writeFile(log, 'it failed');
    const failure = { ...buildDirectory(null), files: [{ fileName: 'build.log', path: log }] };
    const path = await repository.writeBuildDirectory(failure);
    expect(path).toBe(`component/c/ab/ab/${'ab'.repeat(20)}_01010101`);
    expect(await readdir(join(top, path))).toEqual(['build.log']);

    await repository.writeBuildDirectory({
      ...buildDirectory(hash),
      files: [{ fileName: 'versions.csv', content: 'a,b\n' }],
    });
    expect((await readdir(join(top, path))).sort()).toEqual([
      'build.log',
      'delorean.repo',
      'pool',
      'repodata',
      'versions.csv',
    ]);
    expect(await readlink(join(top, path, 'repodata'))).toBe(`../../../../../snapshots/${hash}/repodata`);
    expect(await readFile(join(top, path, 'delorean.repo'), 'utf8')).toContain(
      `[delorean]\nname=delorean-x\nbaseurl=http://example.org/repos/t/${path}/\n`,
    );
    await repository.writeBuildDirectory({ ...failure, files: [{ fileName: 'build.log', content: 'again' }] });
    expect(await readFile(join(top, path, 'build.log'), 'utf8')).toBe('again');
    expect(await readdir(join(top, path))).toContain('repodata');
  });

  test.each(['../x', 'a/b', '-rf', '.tmp-x', 'pool', 'repodata', ''])('take no file called %j', async (fileName) => {
    const build = { ...buildDirectory(null), files: [{ fileName, content: '' }] };
    await expect(repository.writeBuildDirectory(build)).rejects.toMatchObject({ code: 'invalid_argument' });
  });
});

function buildDirectory(snapshot: string | null) {
  return {
    ...{ project: 'one', component: 'c', ownsPair: true, snapshot, files: [] },
    ...{ upstreamCommit: 'ab'.repeat(20), distgitCommit: '01'.repeat(20) },
    client: { name: 'delorean', description: 'delorean-x' },
  };
}
