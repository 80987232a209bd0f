import { mkdir, readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../../src/lib/index.ts';

export interface DebianPackage {
  name: string;
  version: string;
  /** `amd64`, `all`… */
  architecture: string;
  essential: boolean;
  summary: string;
  provides: readonly string[];
  /** Depends and Pre-Depends: one list of alternative names per comma. */
  depends: readonly (readonly string[])[];
  /** The paths dpkg lists for it. */
  paths: readonly string[];
}

export interface DebianTree {
  root: string;
  /** Where apt left the .deb files the tree was made of. */
  archives: string;
  packages: readonly DebianPackage[];
}

/** What both repositories must hold besides the essential packages; what these depend on comes by itself. */
const WANTED = [
  ...['apt', 'build-essential', 'ca-certificates', 'debhelper', 'dh-python', 'dpkg-dev', 'eatmydata', 'fakeroot'],
  ...['passwd', 'pkgconf', 'pybuild-plugin-pyproject', 'python3-all', 'python3-dev', 'python3-pip'],
  ...['python3-setuptools', 'python3-wheel', 'python3-pytest'],
  ...[
    'bzip2',
    'cpio',
    'diffutils',
    'file',
    'gcc',
    'git',
    'libc6-dev',
    'make',
    'patch',
    'rpm',
    'unzip',
    'xz-utils',
    'zstd',
  ],
];

/** Unpacks a Debian bookworm with all wanted packages at `root`, from the sources this machine's apt is configured with. */
export async function makeDebianTree(root: string): Promise<DebianTree> {
  await mkdir(dirname(root), { recursive: true });
  await run([
    'mmdebstrap',
    '--quiet',
    '--variant=minbase',
    '--mode=root',
    '--format=directory',
    // Both keep the .deb files, which become the deb archive.
    '--skip=cleanup/apt,essential/unlink',
    // Otherwise /usr is merged by the package usrmerge, which makes perl's modules part of every root.
    '--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr',
    `--include=${WANTED.join(',')}`,
    // mmdebstrap without that hook asks the archive for it.
    `--customize-hook=APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get install --yes --download-only usrmerge`,
    'bookworm',
    root,
  ]);
  return { root, archives: join(root, 'var/cache/apt/archives'), packages: await readPackages(root) };
}

async function readPackages(root: string): Promise<DebianPackage[]> {
  const status = await readFile(join(root, 'var/lib/dpkg/status'), 'utf8');
  const lists = new Set(await readdir(join(root, 'var/lib/dpkg/info')));
  const packages = status
    .split('\n\n')
    .map(readFields)
    .filter((fields) => fields.Package !== undefined);
  return Promise.all(packages.map((fields) => readPackage(root, fields, lists)));
}

async function readPackage(root: string, fields: Partial<Record<string, string>>, lists: Set<string>) {
  const name = fields.Package ?? '';
  const architecture = fields.Architecture ?? 'all';
  const list = [`${name}:${architecture}.list`, `${name}.list`].find((file) => lists.has(file));
  const paths = list === undefined ? '' : await readFile(join(root, 'var/lib/dpkg/info', list), 'utf8');
  return {
    name,
    version: fields.Version ?? '0',
    architecture,
    essential: fields.Essential === 'yes',
    summary: fields.Description ?? name,
    provides: relationNames(fields.Provides ?? '').flat(),
    depends: [...relationNames(fields['Pre-Depends'] ?? ''), ...relationNames(fields.Depends ?? '')],
    paths: paths.split('\n').filter((path) => path !== '' && path !== '/.'),
  };
}

/** The first lines of a control stanza's fields; continuation lines are of no use here. */
function readFields(stanza: string): Partial<Record<string, string>> {
  const fields: Partial<Record<string, string>> = {};
  for (const line of stanza.split('\n')) {
    const match = /^([A-Za-z-]+): (.*)$/.exec(line);
    if (match?.[1] !== undefined) fields[match[1]] = match[2] ?? '';
  }
  return fields;
}

function relationNames(field: string): string[][] {
  return field
    .split(',')
    .map((group) => group.split('|').map((one) => /^\s*([a-z0-9.+-]+)/.exec(one)?.[1] ?? ''))
    .map((group) => group.filter((name) => name !== ''))
    .filter((group) => group.length > 0);
}
