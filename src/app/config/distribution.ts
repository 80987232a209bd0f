import type { FormatName } from '../../model/index.ts';

/** What a target's name says, as `<distribution>-<release>-<arch>`. */
export interface NameParts {
  distribution?: string;
  release?: string;
  arch?: string;
}

const ARCHES = [
  ...[
    'x86_64',
    'x86_64_v2',
    'aarch64',
    'i386',
    'i586',
    'i686',
    'armv7hl',
    'ppc64',
    'ppc64le',
    's390x',
    'riscv64',
    'loongarch64',
  ],
  ...['amd64', 'arm64', 'armhf', 'armel', 'ppc64el', 'mips64el'],
];
const DEB_DISTRIBUTIONS = ['debian', 'ubuntu', 'devuan', 'raspbian', 'linuxmint', 'kali'];
const EL_DISTRIBUTIONS = [
  'centos',
  'centos-stream',
  'rhel',
  'almalinux',
  'alma',
  'rocky',
  'oraclelinux',
  'epel',
  'circlelinux',
];
const SUSE_DISTRIBUTIONS = ['opensuse-leap', 'opensuse-tumbleweed', 'opensuse', 'sles'];
const RPM_DISTRIBUTIONS = [
  'fedora',
  'mageia',
  'openmandriva',
  'openeuler',
  'amazonlinux',
  ...EL_DISTRIBUTIONS,
  ...SUSE_DISTRIBUTIONS,
];

/** `centos-stream-9-x86_64` → its three parts; less when the name is not made so. */
export function partsOfName(name: string): NameParts {
  const arch = ARCHES.find((candidate) => name.endsWith(`-${candidate}`));
  const rest = arch === undefined ? name : name.slice(0, -arch.length - 1);
  const match = /^(.+)-([^-]+)$/.exec(rest);
  const distribution = match && isDistribution(match[1]) ? match[1] : isDistribution(rest) ? rest : undefined;
  return {
    ...(arch === undefined ? {} : { arch }),
    ...(distribution === undefined ? {} : { distribution }),
    ...(match?.[2] !== undefined && distribution === match[1] ? { release: match[2] } : {}),
  };
}

const isDistribution = (word: string | undefined): word is string => word !== undefined && formatOf(word) !== undefined;

/** The format of a distribution's packages, as far as it is known here. */
export function formatOf(distribution: string): FormatName | undefined {
  if (DEB_DISTRIBUTIONS.includes(distribution)) return 'deb';
  return RPM_DISTRIBUTIONS.includes(distribution) ? 'rpm' : undefined;
}

/** This machine's architecture in the format's own word. */
export function hostArch(format: FormatName): string {
  const words: Readonly<Record<string, readonly [string, string]>> = {
    x64: ['x86_64', 'amd64'],
    arm64: ['aarch64', 'arm64'],
    ppc64: ['ppc64le', 'ppc64el'],
    s390x: ['s390x', 's390x'],
    riscv64: ['riscv64', 'riscv64'],
  };
  const [rpm, deb] = words[process.arch] ?? [process.arch, process.arch];
  return format === 'rpm' ? rpm : deb;
}

/** `%{dist}` as the distribution's own packages have it; '' where it is not known. */
export function distOf(distribution: string | undefined, release: string | undefined): string {
  const major = release?.split('.')[0] ?? '';
  if (distribution === undefined || !/^\d+$/.test(major)) return '';
  if (distribution === 'fedora') return `.fc${major}`;
  if (distribution === 'mageia') return `.mga${major}`;
  return EL_DISTRIBUTIONS.includes(distribution) ? `.el${major}` : '';
}

/** rpm-build brings the rest of its tools itself; these are named for the few programs builds take for granted. */
const RPM_TOOLS = 'bash coreutils diffutils findutils grep gzip make patch rpm-build sed tar'.split(' ');

/** What every build root starts with, unless the target says otherwise. */
export function defaultBuildPackages(format: FormatName, distribution: string | undefined): readonly string[] {
  if (format === 'deb') return ['build-essential', 'fakeroot'];
  if (distribution === 'fedora') return ['@buildsys-build'];
  return distribution !== undefined && EL_DISTRIBUTIONS.includes(distribution)
    ? [...RPM_TOOLS, 'redhat-rpm-config']
    : RPM_TOOLS;
}

/** What the clean root of the install check starts with. apt's is the minimal system mmdebstrap makes. */
export function defaultInstallPackages(format: FormatName): readonly string[] {
  return format === 'rpm' ? ['bash', 'coreutils'] : [];
}
