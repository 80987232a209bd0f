import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../src/lib/index.ts';
import type { DebianTree } from './debian-tree.ts';

const SUITE = 'bookworm';
const INDEX = 'dists/bookworm/main/binary-amd64';

/** Moves the tree's .deb files to `directory` and indexes them as suite `bookworm`, component `main`. */
export async function makeDebArchive(tree: DebianTree, directory: string): Promise<void> {
  await mkdir(join(directory, 'pool'), { recursive: true });
  await mkdir(join(directory, INDEX), { recursive: true });
  for (const name of await readdir(tree.archives))
    // apt writes an epoch's colon as %3a, which a file:// address would have to escape again.
    if (name.endsWith('.deb'))
      await rename(join(tree.archives, name), join(directory, 'pool', name.replaceAll('%3a', ':')));
  const packages = await run(['apt-ftparchive', 'packages', 'pool'], { cwd: directory });
  await writeFile(join(directory, INDEX, 'Packages'), asDebianOverrides(packages.stdout));
  await run(['gzip', '--keep', '--no-name', '-9', join(directory, INDEX, 'Packages')]);
  const release = await run(['apt-ftparchive', ...releaseOptions(), 'release', `dists/${SUITE}`], { cwd: directory });
  await writeFile(join(directory, 'dists', SUITE, 'Release'), release.stdout);
}

/** Debian's archive says that apt is required, which the package itself does not; mmdebstrap goes by it. */
function asDebianOverrides(index: string): string {
  const stanzas = index.split('\n\n');
  return stanzas
    .map((one) => (/^Package: apt$/m.test(one) ? one.replace(/^Priority: .*$/m, 'Priority: required') : one))
    .join('\n\n');
}

function releaseOptions(): string[] {
  const fields = {
    Origin: 'Debian',
    Label: 'Trunkline base',
    Suite: SUITE,
    Codename: SUITE,
    Architectures: 'amd64',
    Components: 'main',
  };
  return Object.entries(fields).map(([name, value]) => `-oAPT::FTPArchive::Release::${name}=${value}`);
}
