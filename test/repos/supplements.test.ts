import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDiskStore } from '../../src/drivers/stores/disk/index.ts';
import type { PackageFile } from '../../src/model/index.ts';
import { openRepository, openTree, reachFrom, verifySnapshot, type ManifestPackage } from '../../src/repos/index.ts';
import { buildRpm, rpm, scratch } from '../drivers/formats/packages.ts';
import { memoryNodes } from './snapshots.ts';

const packageOf = (project: string, n: number, version = 1): ManifestPackage => ({
  ...{
    project,
    sequence: n,
    fullName: `${project}-${version}-1.noarch`,
    name: project,
    kind: 'binary',
    arch: 'noarch',
  },
  ...{ fileName: `${project}-${version}-1.noarch.rpm`, sha256: n.toString(16).padStart(64, '0'), size: n },
});
const projects = Array.from({ length: 100 }, (_, n) => `p${n}`);
/** The name of the snapshot of those projects before anybody could supply anything. */
const GOLDEN = '8ce301effdb4991565956b27955280f8ebcbff4df6fac1c55a5bc0d3acc40c7f';

async function hundred() {
  const nodes = memoryNodes();
  const tree = openTree(nodes);
  let root: string | null = null;
  for (const [n, project] of projects.entries()) root = await tree.replace(root, project, [packageOf(project, n)]);
  if (root === null) throw new Error('no snapshot');
  return { nodes, tree, root };
}

describe('what projects supply', () => {
  test('is part of what a snapshot is named by, and one without is named as ever', async () => {
    const { tree, root } = await hundred();
    expect(root).toBe(GOLDEN);
    expect(await tree.supplied(root)).toEqual([]);
    const seven = [packageOf('p7', 7)];
    const groups = await tree.replace(root, 'p7', seven, { comps: 'a' });
    expect(groups).not.toBe(root);
    expect(await tree.replace(root, 'p7', seven, { comps: 'b' })).not.toBe(groups);
    // Nothing said: as it was. Said to be nothing: gone, and everything as before.
    expect(await tree.replace(groups, 'p7', seven)).toBe(groups);
    expect(await tree.replace(groups, 'p7', seven, {})).toBe(root);
    expect(await tree.replaceAll(groups, new Map([['p8', [packageOf('p8', 8)]]]))).toBe(groups);
    // By whatever way it came about.
    const both = await tree.replace(groups, 'p9', [packageOf('p9', 9)], { modules: 'c', comps: 'd' });
    const other = await tree.replace(root, 'p9', [packageOf('p9', 9)], { comps: 'd', modules: 'c' });
    expect(await tree.replace(other, 'p7', seven, { comps: 'a' })).toBe(both);
    expect(await tree.supplementsOf(both, 'p9')).toEqual({ comps: 'd', modules: 'c' });
    expect(await tree.supplementsOf(both, 'p8')).toEqual({});
    expect(await tree.list(both)).toEqual(await tree.list(root));
    expect(await tree.diff(root, both)).toEqual({ added: [], removed: [] });
    // Who has no package any more supplies nothing.
    const without = await tree.replace(both, 'p9', [], { comps: 'd' });
    expect((await tree.supplied(without)).map(({ project }) => project)).toEqual(['p7']);
  });

  test('outlives the process, is read without the rest, and is reached by the garbage collector', async () => {
    const { nodes, tree, root } = await hundred();
    await tree.keep(root);
    const before = new Set(nodes.texts.keys());
    const groups = await tree.replace(root, 'p7', [packageOf('p7', 7)], { comps: 'a long text' });
    await tree.keep(groups);
    let reads = 0;
    const counted = { ...nodes, read: (hashes: readonly string[]) => ((reads += hashes.length), nodes.read(hashes)) };
    expect(await openTree(counted).supplied(groups)).toEqual([
      { project: 'p7', supplement: 'comps', text: 'a long text', packages: [packageOf('p7', 7)] },
    ]);
    // The way down and the children beside it, of some fifty nodes.
    expect(reads).toBeLessThan(16);
    const reached = await reachFrom(nodes, [groups]);
    const made = [...nodes.texts.keys()].filter((name) => !before.has(name));
    expect(made.every((name) => reached.nodes.has(name))).toBe(true);
    expect([...nodes.texts.values()].filter((text) => text.includes('a long text'))).toHaveLength(1);
    const [name] = [...nodes.texts].find(([, text]) => text.includes('a long text')) ?? [];
    nodes.texts.set(name ?? '', 'text\nanother');
    await expect(openTree(nodes).supplied(groups)).rejects.toMatchObject({ code: 'store_damaged' });
  });
});

describe('a repository', () => {
  let directory: string;
  let files: Record<'a' | 'b', PackageFile[]>;

  beforeAll(async () => {
    directory = await scratch();
    const made = async (name: string) => rpm.identify(await buildRpm(directory, { name }));
    files = { a: await made('a'), b: await made('b') };
  });
  afterAll(() => rm(directory, { recursive: true }));

  const open = async () => {
    const top = await mkdtemp(join(directory, 'repository-'));
    const target = { name: 't', arch: 'x86_64' };
    const store = createDiskStore({ directory: join(top, 'pool') });
    const repository = openRepository({
      ...{ directory: top, target, format: rpm, store, nodes: memoryNodes(), url: 'http://x' },
    });
    await repository.admit([...files.a, ...files.b]);
    return { top, repository };
  };
  const group = (id: string, name: string) =>
    JSON.stringify({
      groups: [
        {
          ...{ id, names: { '': id }, descriptions: {}, isDefault: false, isVisible: true, language: null },
          packages: [{ name, type: 'default', requires: null }],
        },
      ],
      ...{ categories: [], environments: [], langpacks: [] },
    });
  const module = (name: string) =>
    JSON.stringify({
      stream: {
        ...{ name, stream: '1', summary: 's', description: 'd', license: { module: ['MIT'] } },
        ...{ version: 1, context: 'c', arch: 'x86_64' },
      },
      defaults: null,
    });

  test('has one index of all groups, made again from the tree byte for byte, and verified', async () => {
    const { top, repository } = await open();
    const indices = async (hash: string) => (await readdir(join(top, 'snapshots', hash, 'repodata'))).sort();
    const plain = await repository.next(null, { project: 'a', sequence: 1, packages: files.a });
    await repository.writeSnapshot(plain, { time: 1_790_000_000, after: null });
    expect((await indices(plain)).filter((name) => /comps|modules/.test(name))).toEqual([]);
    const supplements = { comps: group('tools', 'a'), modules: module('a') };
    const one = await repository.next(plain, { project: 'a', sequence: 1, packages: files.a, supplements });
    const two = await repository.next(one, {
      ...{ project: 'b', sequence: 1, packages: files.b, supplements: { comps: group('tools', 'b') } },
    });
    await repository.writeSnapshot(two, { time: 1_790_000_000, after: plain });
    const written = await indices(two);
    const [comps = ''] = written.filter((name) => name.endsWith('-comps.xml.gz'));
    const text = gunzipSync(await readFile(join(top, 'snapshots', two, 'repodata', comps))).toString();
    expect(text.match(/<packagereq type="default">.<\/packagereq>/g)).toHaveLength(2);
    const repomd = await readFile(join(top, 'snapshots', two, 'repodata/repomd.xml'), 'utf8');
    expect(repomd).toMatch(/<data type="group">[^]*-comps.xml.gz"[^]*<data type="modules">[^]*-modules.yaml.gz"/);
    await repository.dematerialise(two);
    await repository.materialise(two, 1_790_000_001);
    expect(await indices(two)).toEqual(written);
    expect(await readFile(join(top, 'snapshots', two, 'repodata/repomd.xml'), 'utf8')).toBe(repomd);
    const verify = () =>
      verifySnapshot({
        ...{
          repository,
          directory: top,
          format: rpm,
          architectures: ['x86_64'],
          validFor: null,
          now: 0,
          labels: [],
          trust: null,
          hash: two,
        },
        ...{ ref: null, report: () => undefined, signal: new AbortController().signal },
        companionsOf: () => Promise.resolve(new Map()),
      });
    expect((await verify()).findings).toEqual([]);
    await writeFile(join(top, 'snapshots', two, 'repodata', comps), 'x');
    expect((await verify()).findings).toMatchObject([{ kind: 'index_damaged' }]);
  });

  test('has a module of one project only', async () => {
    const { repository } = await open();
    const supplements = { modules: module('tool') };
    const one = await repository.next(null, { project: 'a', sequence: 1, packages: files.a, supplements });
    const other = { project: 'b', sequence: 1, packages: files.b, supplements };
    await expect(repository.next(one, other)).rejects.toMatchObject({
      ...{
        code: 'repository_conflict',
        message: expect.stringContaining('The module tool belongs to the project a') as string,
      },
    });
    expect(await repository.next(one, { ...other, supplements: { modules: module('other') } })).toMatch(
      /^[0-9a-f]{64}$/,
    );
  });
});
