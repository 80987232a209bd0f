import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Limits, LocalRepository, StagedSource, Target } from '../../../src/model/index.ts';

const execute = promisify(execFile);

/** Where the base repositories are kept from one test run to the next; see scripts/base-repositories.ts. */
export const BASE = fileURLToPath(new URL('../../../.cache/base', import.meta.url));

/** A temporary directory that every account can pass through. */
export async function workDirectory(name: string): Promise<string> {
  const directory = await mkdtemp(`/tmp/trunkline-${name}-`);
  await execute('chmod', ['755', directory]);
  return directory;
}

/** Empty directories for one build below `top`. */
export async function freshDirectories(top: string, name: string): Promise<{ output: string; logs: string }> {
  const [output, logs] = [join(top, name, 'output'), join(top, name, 'logs')];
  await rm(join(top, name), { recursive: true, force: true });
  for (const directory of [output, logs]) await mkdir(directory, { recursive: true });
  return { output, logs };
}

const LIMITS: Limits = { memory: 2 ** 31, processes: 500, disk: 2 ** 32, time: 120, output: 2 ** 22 };

export function rpmTarget(base: string, changes: Partial<Target> = {}): Target {
  return {
    name: 'sample-12-x86_64',
    format: 'rpm',
    builder: 'mock',
    arch: 'x86_64',
    dist: '.tl12',
    baseRepositories: [
      {
        kind: 'rpm',
        id: 'base',
        baseurl: [`file://${base}`],
        metalink: null,
        mirrorlist: null,
        gpgkey: [],
        priority: 99,
      },
    ],
    root: 'prepared',
    buildPackages: ['buildsys-build'],
    installPackages: ['basesystem'],
    versionForm: 'caret',
    compression: 'gzip',
    validFor: null,
    components: [],
    labels: [],
    restricted: false,
    mockConfig: null,
    limits: LIMITS,
    ...changes,
  };
}

export function debTarget(base: string, changes: Partial<Target> = {}): Target {
  return {
    ...rpmTarget(base),
    name: 'sample-12-amd64',
    format: 'deb',
    builder: 'sbuild',
    arch: 'amd64',
    dist: '',
    components: ['main'],
    baseRepositories: [
      {
        kind: 'deb',
        id: 'base',
        uri: `file://${base}`,
        suites: ['bookworm'],
        components: ['main'],
        signedBy: null,
        trusted: true,
      },
    ],
    buildPackages: ['build-essential'],
    installPackages: [],
    ...changes,
  };
}

/** A staged RPM source as the rpm format leaves it: a spec and what it names. */
export async function stageRpm(
  top: string,
  name: string,
  spec: string,
  sources: Record<string, string> = {},
): Promise<StagedSource> {
  const directory = join(top, `staged-${name}`);
  await rm(directory, { recursive: true, force: true });
  await mkdir(join(directory, 'SOURCES'), { recursive: true });
  await writeFile(join(directory, `${name}.spec`), spec);
  for (const [file, content] of Object.entries(sources)) await writeFile(join(directory, 'SOURCES', file), content);
  const version = { epoch: null, version: '1.0', release: '1', base: '1.0' };
  return {
    format: 'rpm',
    directory,
    name,
    version,
    mainFile: `${name}.spec`,
    topDirectory: `${name}-1.0`,
    native: false,
  };
}

/** A spec without sources. */
export function spec(
  name: string,
  body: { header?: string; build?: string; scriptlets?: string; version?: string } = {},
): string {
  return `Name: ${name}
Version: ${body.version ?? '1.0'}
Release: 1%{?dist}
Summary: ${name} for tests
License: MIT
${body.header ?? ''}
%define debug_package %{nil}
%description
${name}
%build
${body.build ?? 'true'}
%install
mkdir -p %{buildroot}/usr/share/${name}
echo ${name} > %{buildroot}/usr/share/${name}/name
${body.scriptlets ?? ''}
%files
/usr/share/${name}
`;
}

/** A repository for dnf made of RPM files. */
export async function rpmRepository(directory: string, files: readonly string[]): Promise<LocalRepository> {
  await mkdir(directory, { recursive: true });
  for (const file of files) await cp(file, join(directory, file.slice(dirname(file).length + 1)));
  await execute('createrepo_c', ['-q', directory]);
  return { path: directory, also: [] };
}

/** A staged deb source as the deb format leaves it (StagedSource): upstream's files, and those of debian/. */
export async function stageDeb(
  top: string,
  name: string,
  upstream: Record<string, string>,
  packaging: Record<string, string>,
): Promise<StagedSource> {
  const directory = join(top, `staged-${name}`);
  await rm(directory, { recursive: true, force: true });
  const tree = join(top, `tree-${name}`);
  await rm(tree, { recursive: true, force: true });
  const write = async (path: string, content: string) => {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), content, { mode: path.endsWith('/rules') ? 0o755 : 0o644 });
  };
  for (const [path, content] of Object.entries({ README: `${name}\n`, ...upstream }))
    await write(`${name}-1.0/${path}`, content);
  for (const [path, content] of Object.entries(packaging)) await write(`debian/${path}`, content);
  await mkdir(directory, { recursive: true });
  await execute('tar', ['-czf', join(directory, `${name}_1.0.orig.tar.gz`), '-C', tree, `${name}-1.0`]);
  await execute('tar', ['-cf', join(directory, 'debian.tar'), '-C', tree, 'debian']);
  await writeFile(join(directory, 'top'), `${name}-1.0\n`);
  const version = { epoch: null, version: '1.0', release: '1', base: '1.0' };
  const mainFile = `${name}_1.0-1.dsc`;
  return { format: 'deb', directory, name, version, mainFile, topDirectory: `${name}-1.0`, native: false };
}

/** A debian/ directory that puts one file into a package. */
export function debianDirectory(
  name: string,
  options: { buildDepends?: string; depends?: string; build?: string; files?: Record<string, string> } = {},
): Record<string, string> {
  const requirements = [
    'debhelper-compat (= 13)',
    ...(options.buildDepends === undefined ? [] : [options.buildDepends]),
  ];
  return {
    control: `Source: ${name}
Section: misc
Priority: optional
Maintainer: Tester <tester@example.org>
Build-Depends: ${requirements.join(', ')}
Standards-Version: 4.6.2
Rules-Requires-Root: no

Package: ${name}
Architecture: any
Depends: \${misc:Depends}${options.depends === undefined ? '' : `, ${options.depends}`}
Description: ${name} for tests
 A package.
`,
    changelog: `${name} (1.0-1) unstable; urgency=medium

  * For tests.

 -- Tester <tester@example.org>  Thu, 01 Jan 2026 00:00:00 +0000
`,
    rules: `#!/usr/bin/make -f
%:
\tdh $@
override_dh_auto_build:
\t${options.build ?? 'true'}
`,
    copyright: 'Files: *\nCopyright: 2026 Tester\nLicense: MIT\n',
    'source/format': '3.0 (quilt)\n',
    [`${name}.install`]: `README usr/share/${name}\n`,
    ...options.files,
  };
}

/** A repository for apt as ours are published (suite `trunk`, component `main`), made of .deb files. */
export async function debRepository(directory: string, files: readonly string[]): Promise<LocalRepository> {
  const index = join(directory, 'dists/trunk/main/binary-amd64');
  await mkdir(index, { recursive: true });
  for (const file of files) await cp(file, join(directory, file.slice(dirname(file).length + 1)));
  const packages = await execute('apt-ftparchive', ['packages', '.'], { cwd: directory });
  await writeFile(join(index, 'Packages'), packages.stdout);
  const fields = { Origin: 'test', Suite: 'trunk', Codename: 'trunk', Architectures: 'amd64', Components: 'main' };
  const options = Object.entries(fields).map(([field, value]) => `-oAPT::FTPArchive::Release::${field}=${value}`);
  const release = await execute('apt-ftparchive', [...options, 'release', 'dists/trunk'], { cwd: directory });
  await writeFile(join(directory, 'dists/trunk/Release'), release.stdout);
  return { path: directory, also: [] };
}
