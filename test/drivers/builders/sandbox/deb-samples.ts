import { execFile } from 'node:child_process';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { LocalRepository, StagedSource } from '../../../../src/model/index.ts';

const execute = promisify(execFile);

export interface DebSample {
  buildDepends?: string;
  depends?: string;
  /** Shell lines of the build. */
  build?: string;
  version?: string;
  /** Further files in debian/. */
  files?: Record<string, string>;
  /** Files of the upstream tarball. */
  upstream?: Record<string, string>;
  native?: boolean;
}

/** A package of architecture all without debhelper, which takes a second by itself. */
const RULES = (name: string, build: string) => `#!/usr/bin/make -f
clean binary-arch:
build build-arch build-indep:
\t${build}
binary: binary-indep
binary-indep: build
\tmkdir -p debian/tmp/DEBIAN debian/tmp/usr/share/${name}
\techo ${name} > debian/tmp/usr/share/${name}/name
\tfor script in preinst postinst; do if [ -e debian/$$script ]; then install -m 755 debian/$$script debian/tmp/DEBIAN/; fi; done
\tdpkg-gencontrol -p${name}
\tdpkg-deb --root-owner-group --build debian/tmp ..
`;

/** A staged Debian source as the deb format leaves it. */
export async function stageDeb(top: string, name: string, sample: DebSample = {}): Promise<StagedSource> {
  const { native = false, version = native ? '1.0' : '1.0-1' } = sample;
  const upstream = version.replace(/-[^-]*$/, '');
  const directory = join(top, `staged-${name}`);
  await rm(directory, { recursive: true, force: true });
  const work = join(top, `work-${name}`);
  await writeTree(join(work, `${name}-1.0`), { README: name, ...sample.upstream });
  await writeTree(join(work, 'debian'), {
    control: control(name, sample),
    changelog: `${name} (${version}) unstable; urgency=low\n\n  * Sample.\n\n -- A <a@example.com>  Thu, 01 Jan 2026 00:00:00 +0000\n`,
    rules: RULES(name, sample.build ?? 'true'),
    'source/format': native ? '3.0 (native)\n' : '3.0 (quilt)\n',
    ...sample.files,
  });
  await execute('chmod', ['755', join(work, 'debian/rules')]);
  await mkdir(directory, { recursive: true });
  const tarball = native ? 'upstream.tar.gz' : `${name}_${upstream}.orig.tar.gz`;
  await execute('tar', ['-czf', join(directory, tarball), '-C', work, `${name}-1.0`]);
  await execute('tar', ['-cf', join(directory, 'debian.tar'), '-C', work, 'debian']);
  await rm(work, { recursive: true, force: true });
  return {
    ...{ format: 'deb', directory, name, native, topDirectory: `${name}-1.0`, mainFile: `${name}_${version}.dsc` },
    version: { epoch: null, version: upstream, release: native ? null : '1', base: upstream },
  };
}

function control(name: string, sample: DebSample): string {
  return `Source: ${name}
Section: misc
Priority: optional
Maintainer: A <a@example.com>
${sample.buildDepends === undefined ? '' : `Build-Depends: ${sample.buildDepends}\n`}Standards-Version: 4.6.2
Rules-Requires-Root: no

Package: ${name}
Architecture: all
${sample.depends === undefined ? '' : `Depends: ${sample.depends}\n`}Description: ${name} for tests
 Sample.
`;
}

/** A repository for apt in the published form, made of debs. */
export async function debRepository(directory: string, files: readonly string[]): Promise<LocalRepository> {
  const suite = join(directory, 'dists/trunk');
  const index = join(suite, 'main/binary-amd64');
  for (const place of [index, join(directory, 'pool')]) await mkdir(place, { recursive: true });
  for (const file of files.filter((one) => one.endsWith('.deb')))
    await cp(file, join(directory, 'pool', basename(file)));
  const packages = await execute('apt-ftparchive', ['packages', 'pool'], { cwd: directory });
  await writeFile(join(index, 'Packages'), packages.stdout);
  const fields = { Origin: 'samples', Suite: 'trunk', Codename: 'trunk', Architectures: 'amd64', Components: 'main' };
  const options = Object.entries(fields).map(([field, value]) => `-oAPT::FTPArchive::Release::${field}=${value}`);
  const release = await execute('apt-ftparchive', [...options, 'release', 'dists/trunk'], { cwd: directory });
  await writeFile(join(suite, 'Release'), release.stdout);
  return { path: directory, also: [] };
}

async function writeTree(directory: string, files: Record<string, string>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
}
