import { mkdir, readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../../../src/lib/index.ts';
import type { IndexEntry } from '../../../../src/model/index.ts';
import { buildDeb, controlOf, deb, scratch } from '../packages.ts';
import { stanzas } from '../stanzas.ts';
import { writeIndex } from '../write-index.ts';

const options = { time: 1_790_000_000, architectures: ['amd64'], origin: 'trunkline-test' };
let directory: string;

beforeAll(async () => {
  directory = await scratch();
});
afterAll(() => rm(directory, { recursive: true }));

const components = ['main', 'contrib', 'non-free'];

/** Packages by component, each with what its control file says of its Section. */
const PACKAGES: Record<string, Record<string, string>> = {
  main: { plain: '', netted: 'Section: net\n', old: 'Section: x/y\n' },
  contrib: { extra: 'Section: contrib/net\n', deep: 'Section: contrib/a/b\n' },
  'non-free': {},
};

test('says of each component what dpkg-scanpackages and apt-ftparchive say of its packages', async () => {
  const built: IndexEntry[] = [];
  for (const [component, packages] of Object.entries(PACKAGES)) {
    const there = join(directory, component);
    await mkdir(there);
    const paths = Object.entries(packages).map(([name, section]) =>
      buildDeb(there, controlOf(name, '1', section), { share: name, file: `${name}_1_all.deb` }),
    );
    const files = await deb.identify(await Promise.all(paths));
    const fragments = await deb.fragments(files);
    built.push(...files.map(({ path }, n) => ({ fragment: fragments[n] ?? {}, href: relative(directory, path) })));
  }
  await writeIndex(deb, directory, built, { ...options, components });
  const top = join(directory, 'dists/trunk');
  const ours = async (path: string) => gunzipSync(await readFile(join(top, `${path}.gz`))).toString();
  const theirs = async (...command: [string, ...string[]]) => (await run(command, { cwd: directory })).stdout;
  for (const component of components) {
    const scanned = await theirs('dpkg-scanpackages', '--arch', 'amd64', '--hash', 'md5,sha256', component);
    expect(stanzas(await ours(`${component}/binary-amd64/Packages`))).toEqual(stanzas(scanned));
    // apt-ftparchive leaves out the Section.
    const contents = (await ours(`${component}/Contents-amd64`)).replaceAll(/\t.*\//g, '\t');
    const listed = await theirs('apt-ftparchive', 'contents', component);
    expect(contents.split('\n').sort()).toEqual(
      listed
        .replaceAll(/[ \t]+/g, '\t')
        .split('\n')
        .sort(),
    );
  }
  const release = await readFile(join(top, 'Release'), 'utf8');
  expect(release).toContain('Components: main contrib non-free\n');
  const listed = [...release.matchAll(/^ [0-9a-f]{64} [0-9]+ (\S+)$/gm)].map(([, path]) => path);
  const files = ['Contents-amd64', 'binary-amd64/Packages', 'source/Sources'].flatMap((path) => [path, `${path}.gz`]);
  expect(listed.sort()).toEqual(components.flatMap((one) => files.map((path) => `${one}/${path}`)).sort());
});

test.each([
  [['contrib/net'], 'contrib'],
  [['net'], 'main'],
  [['non-free/net', 'contrib/net'], 'contrib'],
  [['non-free/net', 'net'], 'main'],
  [[], 'main'],
])('puts the source of packages of %j into %s', (sections, component) => {
  const lines = sections.map((section, n) => ` p${String(n)} deb ${section} optional arch=all\n`).join('');
  const list = lines === '' ? '' : `Package-List:\n${lines}`;
  const entry = { fragment: { Sources: `Package: p\n${list}Directory:\n` }, href: 'pool/x/p.dsc' };
  const having = deb.indexParts({ ...options, components }).filter((part) => part.entry(entry) !== '');
  expect(having.map(({ id }) => id)).toEqual([`${component}/source/Sources`]);
});
