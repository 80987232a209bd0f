import type { DebianPackage, DebianTree } from './debian-tree.ts';
import { pkgConfigModules, type Ownership, type PathEntry } from './ownership.ts';

/** Names under which specs written for RPM distributions ask for what Debian calls otherwise. */
const ALSO_CALLED: Readonly<Record<string, readonly string[]>> = {
  gcc: ['gcc'],
  'libc6-dev': ['glibc-devel', 'glibc-headers'],
  libc6: ['glibc', 'rtld(GNU_HASH)'],
  'libc-bin': ['glibc-common'],
  'libstdc++-12-dev': ['libstdc++-devel'],
  passwd: ['shadow-utils'],
  'perl-base': ['/usr/bin/perl'],
  pkgconf: ['pkgconfig', 'pkgconf-pkg-config'],
  procps: ['procps-ng'],
  'python3-dev': ['python3-devel', 'python-rpm-macros', 'python3-rpm-macros', 'pyproject-rpm-macros'],
  'python3-minimal': ['python(abi) = 3.11'],
  'xz-utils': ['xz'],
  'g++': ['gcc-c++'],
};

/** Packages that only stand for others. */
const GROUPS: Readonly<Record<string, { summary: string; requires: readonly string[] }>> = {
  'rpm-build': {
    summary: 'What rpmbuild needs',
    requires: [
      ...[
        'basesystem',
        'rpm',
        'redhat-rpm-config',
        'bash',
        'bzip2',
        'coreutils',
        'cpio',
        'diffutils',
        'file',
        'findutils',
      ],
      ...['gawk', 'grep', 'gzip', 'make', 'patch', 'sed', 'tar', 'unzip', 'xz-utils', 'zstd', 'binutils'],
    ],
  },
  'buildsys-build': {
    summary: 'What a build root starts from',
    requires: [
      'rpm-build',
      'gcc',
      'libc6-dev',
      'make',
      'passwd',
      'python3',
      'python3-setuptools',
      'python3-pip',
      'python3-wheel',
    ],
  },
};

/** One spec with a subpackage per Debian package, `filesystem` for what none owns, and the groups above. */
export function specOf(tree: DebianTree, ownership: Ownership, macros: readonly string[]): string {
  const names = new Set(tree.packages.map(({ name }) => name));
  const providers = providersOf(tree.packages);
  const groups = Object.entries(GROUPS).map(([name, { summary, requires }]) =>
    groupStanza(
      name,
      summary,
      requires.filter((one) => names.has(one) || one in GROUPS || one === 'basesystem' || one === 'redhat-rpm-config'),
    ),
  );
  const essential = tree.packages.filter((one) => one.essential).map(({ name }) => name);
  const unowned = (ownership.owned.get('') ?? []).filter(({ path }) => !macros.includes(path));
  return [
    preamble(tree.root),
    subpackage('filesystem', '12', '1', 'Directories, links and files that several packages share', []),
    filesOf('filesystem', unowned, ['%ghost %dir /dev', '%ghost %dir /proc', '%ghost %dir /sys', ...EMPTY_DIRECTORIES]),
    groupStanza('basesystem', 'The packages every root has', essential),
    subpackage('redhat-rpm-config', '12', '1', 'Settings that make Debian programs behave as on an RPM distribution', [
      'BuildArch: noarch',
      'Requires: filesystem',
    ]),
    filesOf(
      'redhat-rpm-config',
      macros.map((path) => ({ path, directory: false })),
    ),
    ...groups,
    ...tree.packages.map((one) => packageStanza(one, ownership, names, providers)),
  ].join('\n');
}

const EMPTY_DIRECTORIES = [
  ...['/boot', '/home', '/media', '/mnt', '/opt', '/srv', '/run', '/var/cache', '/var/log'].map(
    (path) => `%dir ${path}`,
  ),
  '%attr(1777,root,root) %dir /tmp',
  '%dir /var/lib/rpm',
];

function preamble(root: string): string {
  return `Name: debian-as-rpm
Version: 12
Release: 1
Summary: Debian packages as RPMs
License: various
AutoReqProv: no
%description
%{summary}.
%install
rmdir %{buildroot} 2>/dev/null || :
mv ${root} %{buildroot}
cd %{buildroot}
mkdir -p dev proc sys boot home media mnt opt srv run tmp var/cache var/log var/lib/rpm
`;
}

function subpackage(name: string, version: string, release: string, summary: string, lines: readonly string[]): string {
  return [
    `%package -n ${name}`,
    `Version: ${version}`,
    `Release: ${release}`,
    `Summary: ${escapeMacros(summary)}`,
    'AutoReq: no',
    'AutoProv: yes',
    ...lines,
    `%description -n ${name}`,
    escapeMacros(summary),
    '',
  ].join('\n');
}

function groupStanza(name: string, summary: string, requires: readonly string[]): string {
  const lines = ['BuildArch: noarch', ...requires.map((one) => `Requires: ${one}`)];
  return `${subpackage(name, '12', '1', summary, lines)}%files -n ${name}\n`;
}

function packageStanza(
  one: DebianPackage,
  ownership: Ownership,
  names: ReadonlySet<string>,
  providers: ReadonlyMap<string, string>,
): string {
  const { epoch, version, release } = rpmVersion(one.version);
  const entries = ownership.owned.get(one.name) ?? [];
  const provides = new Set([
    ...one.provides.filter((name) => !names.has(name)),
    ...(ownership.unmerged.get(one.name) ?? []),
    ...(ALSO_CALLED[one.name] ?? []).filter((name) => !names.has(name)),
    ...pkgConfigModules(entries).map((module) => `pkgconfig(${module})`),
  ]);
  const requires = new Set(one.depends.map((group) => installedAlternative(group, names, providers)));
  const lines = [
    ...(epoch === undefined ? [] : [`Epoch: ${epoch}`]),
    ...(one.architecture === 'all' ? ['BuildArch: noarch'] : []),
    'Requires: filesystem',
    ...[...requires].filter((name) => name !== undefined && name !== one.name).map((name) => `Requires: ${name ?? ''}`),
    ...[...provides].map((name) => `Provides: ${name}`),
  ];
  const trigger = one.name === 'libc-bin' ? LOADER_TRIGGER : '';
  return subpackage(one.name, version, release, one.summary, lines) + filesOf(one.name, entries) + trigger;
}

/** As Fedora's glibc does: libraries that arrive are known to the loader when the transaction ends. */
const LOADER_TRIGGER = ['transfiletriggerin', 'transfiletriggerpostun']
  .map((when) => `%${when} -n libc-bin -P 2000000 -- /usr/lib /usr/lib64 /lib /lib64\n/sbin/ldconfig\n`)
  .join('');

function filesOf(name: string, entries: readonly PathEntry[], more: readonly string[] = []): string {
  const taken = new Set(more.map((line) => line.split(' ').at(-1)));
  const lines = entries
    .filter(({ path }) => !taken.has(path))
    .map(({ path, directory }) => `${directory ? '%dir ' : ''}"${escapeGlob(path)}"`);
  return [`%files -n ${name}`, '%defattr(-,root,root,-)', ...more, ...lines, ''].join('\n');
}

function providersOf(packages: readonly DebianPackage[]): Map<string, string> {
  return new Map(packages.flatMap(({ name, provides }) => provides.map((virtual) => [virtual, name] as const)));
}

/** The alternative that is in the tree; undefined when a package was installed without (a Recommends-only or architecture-bound name). */
function installedAlternative(
  group: readonly string[],
  names: ReadonlySet<string>,
  providers: ReadonlyMap<string, string>,
): string | undefined {
  return (
    group.find((name) => names.has(name)) ?? group.map((name) => providers.get(name)).find((name) => name !== undefined)
  );
}

/** A Debian version as rpm's three parts. rpm has no hyphen in a version; what stands before the last one is the upstream version in both. */
export function rpmVersion(debian: string): { epoch: string | undefined; version: string; release: string } {
  const [, epoch, rest = debian] = /^(\d+):(.*)$/.exec(debian) ?? [];
  const hyphen = rest.lastIndexOf('-');
  const version = hyphen < 0 ? rest : rest.slice(0, hyphen);
  return { epoch, version: version.replaceAll('-', '.'), release: hyphen < 0 ? '0' : rest.slice(hyphen + 1) };
}

function escapeMacros(text: string): string {
  return text.replaceAll('%', '%%');
}

/** rpm takes a backslash for itself in a path that is no pattern, so `/usr/bin/[` stays as it is. */
function escapeGlob(path: string): string {
  const pattern = /[*?{]|\[.*\]/.test(path);
  return escapeMacros(pattern ? path.replaceAll(/[[\]*?{}\\]/g, '\\$&') : path);
}
