import { copyFile, cp, mkdir, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDiskStore } from '../../src/drivers/stores/disk/index.ts';
import { sha256File } from '../../src/lib/index.ts';
import type { FormatName, PackageFile, PackageFormat } from '../../src/model/index.ts';
import { indexFiles, openRepository, type NodeStore, type Repository } from '../../src/repos/index.ts';
import { buildDeb, buildDsc, buildRpm, controlOf, deb, rpm, scratch } from '../drivers/formats/packages.ts';
import { memoryNodes, publish } from './snapshots.ts';

let directory: string;
let samples: Record<FormatName, { one: PackageFile[]; other: PackageFile[] }>;

beforeAll(async () => {
  directory = await scratch();
  const [one, other] = await Promise.all([
    buildRpm(directory, { name: 'one' }),
    buildRpm(directory, { name: 'other', epoch: 1 }),
  ]);
  const debs = [
    [await buildDeb(directory, controlOf('one', '1-1')), await buildDsc(directory, 'one', '1')],
    [await buildDeb(directory, controlOf('other', '1:1-1'))],
  ] as const;
  samples = {
    rpm: { one: await rpm.identify(one), other: await rpm.identify(other) },
    deb: { one: await deb.identify(debs[0]), other: await deb.identify(debs[1]) },
  };
});

afterAll(() => rm(directory, { recursive: true }));

let top: string;
let serial = 0;
let nodes: NodeStore & { texts: Map<string, string> };

beforeEach(() => {
  serial += 1;
  nodes = memoryNodes();
  top = join(directory, `repository-${String(serial)}`);
});

const open = (format: PackageFormat, at = top): Repository =>
  openRepository({
    ...{ directory: at, format, store: createDiskStore({ directory: join(at, 'pool') }), nodes },
    target: { name: 't', arch: format.name === 'rpm' ? 'x86_64' : 'amd64' },
    url: 'http://example.org/repos/t/',
  });

const time = 1_790_000_000;

describe.each([rpm, deb])('a repository of $name packages', (format) => {
  const { name } = format;

  test('has the same bytes for the same packages, wherever and whenever they came', async () => {
    const repository = open(format);
    await repository.admit([...samples[name].one, ...samples[name].other]);
    const hash = await publish(repository, [...samples[name].one, ...samples[name].other]);

    const second = open(format, `${top}-second`);
    await second.admit(samples[name].other);
    await second.admit(samples[name].one);
    const reversed = [...samples[name].other, ...samples[name].one].reverse();
    expect(await publish(second, reversed)).toBe(hash);
    expect(await tree(`${top}-second/snapshots/${hash}`)).toEqual(await tree(`${top}/snapshots/${hash}`));
    const { packages } = await repository.readSnapshot(hash);
    expect(packages.map((one) => one.sha256).sort()).toEqual(
      [...samples[name].one, ...samples[name].other].map((file) => file.sha256).sort(),
    );
  });

  test('writes a snapshot once, with its time on every file, and a later time after another', async () => {
    const repository = open(format);
    await repository.admit(samples[name].one);
    const empty = await publish(repository, []);
    const hash = await publish(repository, samples[name].one, { time: time - 5, after: empty });
    const before = await tree(join(top, 'snapshots', hash));
    expect(await repository.writeSnapshot(hash, { time: time + 100, after: null })).toBe(time + 1);
    expect(await tree(join(top, 'snapshots', hash))).toEqual(before);
    for (const path of Object.keys(before))
      if (!path.endsWith('pool') && !path.endsWith('SHA256'))
        expect((await stat(join(top, 'snapshots', hash, path))).mtimeMs).toBe((time + 1) * 1000);
    expect((await readdir(join(top, 'snapshots'))).sort()).toEqual([empty, hash].sort());
  });

  test('leads from every index entry to the package, companions included', async () => {
    const repository = open(format);
    await repository.admit(samples[name].one);
    const hash = await publish(repository, samples[name].one);
    for (const file of samples[name].one) {
      const place = join(top, 'snapshots', hash, 'pool', file.sha256.slice(0, 2), file.sha256);
      expect(await sha256File(join(place, file.identity.fileName))).toBe(file.sha256);
      for (const one of file.companions) expect(await sha256File(join(place, one.fileName))).toBe(one.sha256);
    }
  });

  test('can be copied as a whole: every link in it is relative', async () => {
    const repository = open(format);
    await repository.admit(samples[name].one);
    const hash = await publish(repository, samples[name].one);
    await repository.moveRef('current', hash);
    const path = await repository.writeBuildDirectory(buildDirectory(hash));
    await cp(top, `${top}-copy`, { recursive: true, verbatimSymlinks: true });
    await rm(top, { recursive: true });
    const index = name === 'rpm' ? 'repodata/repomd.xml' : 'dists/trunk/Release';
    for (const from of ['current', path]) {
      expect(await sha256File(join(`${top}-copy`, from, index))).toHaveLength(64);
      expect((await readdir(join(`${top}-copy`, from, 'pool'))).length).toBeGreaterThan(0);
    }
  });

  test('makes a lost or torn fragment again from the pool', async () => {
    await open(format).admit(samples[name].one);
    const fragments = join(top, 'fragments');
    const [first, ...others] = await readdir(fragments);
    const torn = join(fragments, first ?? '', (await readdir(join(fragments, first ?? '')))[0] ?? '');
    await writeFile(torn, '{"primary":"<pack');
    for (const one of others) await rm(join(fragments, one), { recursive: true });
    const hash = await publish(open(format), samples[name].one);
    const repository = open(format, `${top}-whole`);
    await repository.admit(samples[name].one);
    await publish(repository, samples[name].one);
    expect(await tree(join(top, 'snapshots', hash))).toEqual(await tree(join(`${top}-whole`, 'snapshots', hash)));
  });

  test('the index of a candidate says what the snapshot will say, but for where new packages lie', async () => {
    const repository = open(format);
    await repository.admit(samples[name].other);
    const hash = await repository.next(null, {
      ...{ project: 'one', sequence: 1, packages: [...samples[name].one, ...samples[name].other] },
    });
    const into = join(directory, `candidate-${name}`);
    await mkdir(into);
    await repository.candidate(hash, samples[name].one, { directory: into, time });
    for (const file of samples[name].one)
      expect(await sha256File(join(into, 'new', file.sha256.slice(0, 2), file.sha256, file.identity.fileName))).toBe(
        file.sha256,
      );
    for (const file of samples[name].other)
      expect(await sha256File(join(into, 'pool', file.sha256.slice(0, 2), file.sha256, file.identity.fileName))).toBe(
        file.sha256,
      );
    expect((await readdir(join(top, 'fragments'))).length).toBe(samples[name].other.length);
  });
});

describe('admit', () => {
  test('refuses two contents under one full name, in one call and against what was published', async () => {
    const twins = [
      await buildDeb(directory, controlOf('twin', '1', 'Section: a\n')),
      await buildDeb(directory, controlOf('twin', '1', 'Section: b\n')),
    ];
    const [a, b] = await deb.identify(twins);
    if (a === undefined || b === undefined) throw new Error('not identified');
    const conflict = {
      code: 'repository_conflict',
      where: 'twin_1_all',
      message: expect.stringContaining(`${a.sha256} already, and cannot be ${b.sha256} too`) as string,
    };
    await expect(open(deb).admit([a, b])).rejects.toMatchObject(conflict);
    const published = () => Promise.resolve(new Map([['twin_1_all', a.sha256]]));
    await expect(open(deb).admit([b], published)).rejects.toMatchObject(conflict);
    await open(deb).admit([a], published);
    await open(deb).admit([a], published);
  });

  test('refuses a package that was changed after it was identified', async () => {
    const [path] = await buildRpm(directory, { name: 'changing' });
    const files = await rpm.identify([path]);
    await copyFile(samples.rpm.one[0]?.path ?? '', path);
    await expect(open(rpm).admit(files)).rejects.toMatchObject({ code: 'store_damaged', where: path });
  });
});

describe('after a crash', () => {
  test('leftovers go, refs are put right, and what is missing is named', async () => {
    const repository = open(rpm);
    await repository.admit(samples.rpm.one);
    const empty = await publish(repository, []);
    const hash = await publish(repository, samples.rpm.one, { after: empty });
    await repository.moveRef('current', empty);
    await repository.moveRef('stray', empty);
    const leftovers = [
      '.tmp-link',
      'snapshots/.tmp-half',
      'pool/.tmp-half',
      `fragments/${(await readdir(join(top, 'fragments')))[0] ?? ''}/.tmp-x`,
    ];
    for (const path of leftovers) await mkdir(join(top, path));
    await symlink('nowhere', join(top, '.tmp-current-1'));
    const gone = 'e'.repeat(64);
    const recovery = await open(rpm).recover({ current: hash, consistent: gone, stray: null, never: null });
    expect(recovery).toMatchObject({ repaired: ['current', 'stray'], missing: [{ ref: 'consistent', hash: gone }] });
    const names = await readdir(top, { recursive: true });
    expect(names.filter((name) => name.includes('.tmp-'))).toEqual([]);
    expect(await readdir(top)).not.toContain('stray.mirrorlist');
    expect(await repository.readRef('current')).toBe(hash);
    expect(await readFile(join(top, 'current.mirrorlist'), 'utf8')).toContain(hash);
    expect(await open(rpm).recover({ current: hash })).toEqual({
      removed: [],
      repaired: [],
      missing: [],
      unsigned: [],
    });
  });

  test('a snapshot whose writing failed is not there, and is written the next time', async () => {
    const repository = open({
      ...rpm,
      indexOfIndices: () => {
        throw new Error('killed');
      },
    });
    await repository.admit(samples.rpm.one);
    await expect(publish(repository, samples.rpm.one)).rejects.toThrow('killed');
    expect(await readdir(join(top, 'snapshots'))).toEqual([]);
    const hash = await publish(open(rpm), samples.rpm.one);
    expect(await readdir(join(top, 'snapshots'))).toEqual([hash]);
  });

  test('a snapshot that was tampered with is not read', async () => {
    await open(rpm).admit(samples.rpm.one);
    const hash = await publish(open(rpm), samples.rpm.one);
    await expect(open(rpm).readSnapshot('e'.repeat(64))).rejects.toMatchObject({ code: 'not_found' });
    nodes.texts.set(hash, 'leaf\n');
    await expect(open(rpm).readSnapshot(hash)).rejects.toMatchObject({ code: 'store_damaged' });
  });

  test('the files of a snapshot can be taken away, and made again as they were', async () => {
    const repository = open(rpm);
    await repository.admit(samples.rpm.one);
    const hash = await publish(repository, samples.rpm.one);
    const before = await tree(join(top, 'snapshots', hash));
    await repository.dematerialise(hash);
    expect(await readdir(join(top, 'snapshots'))).toEqual([]);
    expect(await repository.isMaterialised(hash)).toBe(false);
    expect((await open(rpm).readSnapshot(hash)).packages).toHaveLength(samples.rpm.one.length);
    expect(await repository.materialisedAt(hash)).toBeNull();
    await open(rpm).materialise(hash, time);
    expect(await tree(join(top, 'snapshots', hash))).toEqual(before);
    expect(await repository.materialised()).toEqual([hash]);
    // Asked for again: as if they were made now, and nothing that HTTP says of them changes.
    const [made, { mtimeMs }] = [await repository.materialisedAt(hash), await stat(recordOf(hash))];
    await pause(20);
    await repository.materialise(hash, time + 9);
    expect(await repository.materialisedAt(hash)).toBeGreaterThan(made ?? Infinity);
    expect((await stat(recordOf(hash))).mtimeMs).toBe(mtimeMs);
    expect(await tree(join(top, 'snapshots', hash))).toEqual(before);
  });

  test('ten writers of one snapshot leave one', async () => {
    const repository = open(rpm);
    await repository.admit(samples.rpm.one);
    const write = () => publish(repository, samples.rpm.one);
    const hashes = await Promise.all(Array.from({ length: 10 }, write));
    expect(await readdir(join(top, 'snapshots'))).toEqual([...new Set(hashes)]);
  });
});

const recordOf = (hash: string) => join(top, 'snapshots', hash, 'indices.json');

function buildDirectory(snapshot: string | null) {
  return {
    ...{ project: 'one', component: 'c', ownsPair: true, snapshot, files: [] },
    ...{ upstreamCommit: 'ab'.repeat(20), distgitCommit: '01'.repeat(20) },
    client: { name: 'delorean', description: 'delorean-x' },
  };
}

/** What is below a directory: path → digest, or the target of a link. */
async function tree(of: string): Promise<Record<string, string>> {
  const entries = await readdir(of, { recursive: true, withFileTypes: true });
  const found = entries
    .filter((entry) => !entry.isDirectory())
    .map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      return [relative(of, path), entry.isSymbolicLink() ? await readlink(path) : await sha256File(path)] as const;
    });
  return Object.fromEntries((await Promise.all(found)).sort(([a], [b]) => (a < b ? -1 : 1)));
}

test('index files by digest go a day after the last snapshot that names them', async () => {
  const repository = open(deb);
  const { one, other } = samples.deb;
  await repository.admit([...one, ...other]);
  const first = await publish(repository, one, { time });
  const second = await publish(repository, other, { project: 'other', sequence: 2, parent: first, time });
  const digests = async () => new Set(await readdir(join(top, 'by-hash')));
  const both = await digests();
  await repository.dematerialise(first);
  const DAY = 86_400_000;
  expect(await repository.sweepIndices(Date.now() + DAY - 60_000)).toBe(0);
  expect(await digests()).toEqual(both);
  const swept = await repository.sweepIndices(Date.now() + DAY + 1000);
  expect(swept).toBeGreaterThan(0);
  const left = await digests();
  expect(left.size).toBe(both.size - swept);
  // What the other one names is there, and is what it is called by.
  for (const { path, sha256 } of await indexFiles(deb, join(top, 'snapshots', second)))
    if (path.includes('by-hash')) expect(await sha256File(join(top, 'by-hash', sha256))).toBe(sha256);
  // Who comes back to the first finds all of it again.
  await repository.materialise(first, time);
  expect(await digests()).toEqual(both);
});
