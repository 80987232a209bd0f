import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDiskStore } from '../../src/drivers/stores/disk/index.ts';
import type { PackageFile } from '../../src/model/index.ts';
import { openRepository, verifySnapshot, type Repository } from '../../src/repos/index.ts';
import { buildDeb, buildDsc, controlOf, deb, scratch } from '../drivers/formats/packages.ts';
import { AMISS, aptMachine, type Said } from '../e2e/client-machines.ts';
import { memoryNodes, publish } from './snapshots.ts';
import { serve } from './web.ts';

// Packages of main and of contrib, which apt installs from the components that its client file names.

const target = { name: 'debian-12-amd64', arch: 'amd64' };
const client = `trunkline-${target.name}`;
let directory: string;
let web: Awaited<ReturnType<typeof serve>>;
let tool: PackageFile[];
let extra: PackageFile[];

beforeAll(async () => {
  directory = await scratch();
  web = await serve(directory);
  const build = (name: string, version: string, more: string) =>
    buildDeb(directory, controlOf(name, version, more), { share: name, file: `${name}_${version}_all.deb` });
  tool = await deb.identify([await build('tool', '1', 'Section: net\n'), await buildDsc(directory, 'tool', '1')]);
  extra = await deb.identify([
    await build('extra', '1', 'Section: contrib/net\nDepends: tool\n'),
    await buildDsc(directory, 'extra', '1', '1', 'contrib/net'),
  ]);
});
afterAll(async () => {
  await web.close();
  await rm(directory, { recursive: true });
});

const placeOf = (name: string) => join(directory, name);

function open(name: string, components?: string[], nodes = memoryNodes()): Repository {
  return openRepository({
    ...{ directory: placeOf(name), target, format: deb, nodes, url: `${web.url}/${name}` },
    store: createDiskStore({ directory: join(placeOf(name), 'pool') }),
    ...(components === undefined ? {} : { components }),
  });
}

/** Both projects, in a snapshot that `current` points at. */
async function publishBoth(repository: Repository): Promise<string> {
  await repository.admit([...tool, ...extra]);
  const parent = await publish(repository, tool, { project: 'tool' });
  const hash = await publish(repository, extra, { project: 'extra', parent });
  await repository.moveRef('current', hash);
  return hash;
}

/** A machine with the client files of `from`, whose `.sources` names these components, or what it says itself. */
async function machine(from: string, components?: string) {
  const copies = await mkdtemp(join(directory, 'client-'));
  for (const kind of ['sources', 'pref']) {
    const text = await readFile(join(from, `${client}.${kind}`), 'utf8');
    const changed = components === undefined ? text : text.replace(/^Components: .*$/m, `Components: ${components}`);
    await writeFile(join(copies, `${client}.${kind}`), changed);
  }
  return aptMachine(
    directory,
    ['sources', 'pref'].map((kind) => join(copies, `${client}.${kind}`)),
  );
}

/** @throws unless a client did what it was asked to, and found nothing amiss but that nobody signs. */
function expectGood({ exitCode, said }: Said): void {
  const rest = said.replaceAll(/^Ign:.* (InRelease|Release\.gpg)$/gm, '');
  expect([exitCode, AMISS.exec(rest)?.[0]], said).toEqual([0, undefined]);
}

const findingsOf = async (repository: Repository, name: string, hash: string) => {
  const verified = await verifySnapshot({
    ...{ repository, directory: placeOf(name), format: deb, architectures: ['amd64'], validFor: null, trust: null },
    ...{ hash, ref: 'current', companionsOf: () => Promise.resolve(new Map()), report: () => undefined },
    ...{ signal: new AbortController().signal, now: Math.trunc(Date.now() / 1000) },
  });
  expect(verified.materialised).toBe(true);
  return verified.findings;
};

test('apt installs from main and contrib, and from main alone where the client wants no more', async () => {
  const repository = open('both', ['main', 'contrib']);
  const hash = await publishBoth(repository);
  const top = placeOf('both');
  const whole = await machine(top);
  expectGood(await whole.apt('update'));
  expectGood(await whole.apt('install', 'extra', 'tool'));
  expect(await whole.installed()).toEqual(['extra-1', 'tool-1']);
  expectGood(await whole.apt('source', '--download-only', 'extra', 'tool'));
  const { apt, installed } = await machine(join(top, 'snapshots', hash), 'main');
  expectGood(await apt('update'));
  expect(await apt('install', 'extra')).toMatchObject({ exitCode: 100 });
  expect(await apt('source', 'extra')).toMatchObject({ exitCode: 100 });
  expectGood(await apt('install', 'tool'));
  expect(await installed()).toEqual(['tool-1']);
  expect(web.requests.some((path) => path.includes('/contrib/binary-amd64/by-hash/SHA256/'))).toBe(true);
  expect(await findingsOf(repository, 'both', hash)).toEqual([]);
});

test('a package of a component that is not there is refused, with the key to set', async () => {
  const repository = open('refusing', ['main', 'contrib']);
  const control = controlOf('blob', '1', 'Section: non-free/net\n');
  const blob = await deb.identify([await buildDeb(directory, control)]);
  const dsc = await deb.identify([await buildDsc(directory, 'blob', '1', '1', 'non-free/net')]);
  for (const files of [blob, dsc]) {
    const refusal = {
      code: 'package_invalid',
      message: expect.stringMatching(
        /^blob_1(_all\.deb|-1\.dsc) belongs to the component non-free by its Section, and debian-12-amd64 has main, contrib$/,
      ) as string,
      hint: expect.stringMatching(/^add non-free to targets\.debian-12-amd64\.components /) as string,
    };
    await expect(repository.admit(files)).rejects.toMatchObject(refusal);
    const next = await repository.next(null, { project: 'blob', sequence: 1, packages: files });
    const place = await mkdtemp(join(directory, 'candidate-'));
    await expect(repository.candidate(next, files, { directory: place, time: 1 })).rejects.toMatchObject(refusal);
  }
  await open('refusing').admit(blob);
});

test('what was published before its target had components stays as it is, and moves with the next snapshot', async () => {
  const nodes = memoryNodes();
  const before = await publishBoth(open('growing', undefined, nodes));
  const repository = open('growing', ['main', 'contrib'], nodes);
  const top = placeOf('growing');
  await repository.recover({ current: before });
  const old = await machine(top);
  expectGood(await old.apt('update'));
  expectGood(await old.apt('install', 'extra'));
  expect(await findingsOf(repository, 'growing', before)).toEqual([]);

  const version = controlOf('tool', '2', 'Section: net\n');
  const newer = await deb.identify([await buildDeb(directory, version, { share: 'tool', file: 'tool_2_all.deb' })]);
  await repository.admit(newer);
  const after = await publish(repository, newer, { project: 'tool', sequence: 2, parent: before });
  await repository.moveRef('current', after);
  expect(await findingsOf(repository, 'growing', after)).toEqual([]);
  expectGood(await old.apt('update'));
  expectGood(await old.apt('dist-upgrade'));
  expect(await old.installed()).toEqual(['extra-1', 'tool-2']);
  expect(await old.cache('policy', 'extra')).not.toContain('http:');
  const { apt, installed } = await machine(top);
  expectGood(await apt('update'));
  expectGood(await apt('install', 'extra'));
  expect(await installed()).toEqual(['extra-1', 'tool-2']);

  // Made again, the old one has components, and so has the ref that still points at it.
  await repository.moveRef('current', before);
  await repository.dematerialise(before);
  await repository.materialise(before, 1_790_000_000);
  await repository.moveRef('current', before);
  expect(await findingsOf(repository, 'growing', before)).toEqual([]);
  expect(await readFile(join(top, `${client}.sources`), 'utf8')).toContain('Components: main contrib\n');
});

test('a candidate has its packages in their components', async () => {
  const repository = open('trying', ['main', 'contrib']);
  await repository.admit(tool);
  const parent = await publish(repository, tool, { project: 'tool' });
  const next = await repository.next(parent, { project: 'extra', sequence: 1, packages: extra });
  const place = join(directory, 'candidate');
  await mkdir(place);
  const { path } = await repository.candidate(next, extra, { directory: place, time: 1_790_000_000 });
  const release = await readFile(join(path, 'dists/trunk/Release'), 'utf8');
  expect(release).toContain('Components: main contrib\n');
  const sources = join(await mkdtemp(join(directory, 'tester-')), 'candidate.list');
  await writeFile(sources, `deb [trusted=yes] file://${path} trunk contrib main\n`);
  const { apt, installed } = await aptMachine(directory, [sources]);
  expectGood(await apt('update'));
  expectGood(await apt('install', 'extra'));
  expect(await installed()).toEqual(['extra-1', 'tool-1']);
});
