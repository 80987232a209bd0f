import { existsSync } from 'node:fs';
import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { run } from '../../src/lib/index.ts';

export interface Installed {
  /** The command as a user would type it. */
  command: string;
  /** What of ours was installed, with versions. */
  packages: readonly string[];
  programs: readonly { program: string; output: string }[];
}

const PACKAGES = ['greeter', 'pyfacts'];
const PROGRAMS: readonly (readonly [string, ...string[]])[] = [['greeter', 'packager'], ['pyfacts']];

/** Installs the samples with the host's dnf and the client file `clientFile` (`.repo`) below `directory` and runs them there. */
export async function installWithDnf(directory: string, clientFile: string, base: string): Promise<Installed> {
  const root = join(directory, 'root');
  const home = join(directory, 'home');
  await mkdir(join(root, 'dev'), { recursive: true });
  await mkdir(home, { recursive: true });
  await run(['mknod', '-m', '666', join(root, 'dev/null'), 'c', '1', '3']);
  await writeFile(join(home, '.rpmmacros'), '%_dbpath /var/lib/rpm\n');
  const repositories = join(directory, 'yum.repos.d');
  await mkdir(repositories);
  await copyFile(clientFile, join(repositories, basename(clientFile)));
  const source = [`--repofrompath=base,file://${base}`, '--setopt=base.gpgcheck=0'];
  const settings = ['--releasever=12', `--setopt=reposdir=${repositories}`, '--setopt=install_weak_deps=0'];
  // Debian's dnf has a plug-in on that keeps every RPM it installs on the host, and offers the old ones again.
  const dnf = [
    'dnf',
    '--noplugins',
    '-q',
    '-y',
    `--installroot=${root}`,
    ...source,
    ...settings,
    'install',
    ...PACKAGES,
  ] as const;
  await run(['dnf', ...dnf.slice(1)], { env: { HOME: home }, timeout: 300_000 });
  const rpm = await run(['rpm', '--root', root, '--define', '_dbpath /var/lib/rpm', '-q', ...PACKAGES, 'libgreet'], {
    env: { HOME: home },
  });
  return {
    command: `cp ${clientFile} /etc/yum.repos.d/ && dnf ${source.join(' ')} install ${PACKAGES.join(' ')}`,
    packages: split(rpm.stdout),
    programs: await runAll(root),
  };
}

/**
 * Installs the samples with apt and the client files `clientFiles` (`.sources`, `.pref`) inside a root below `directory` and runs them there. The root is unpacked from `rootTar`, a minimal Debian with apt,
 * which is made the first time.
 */
export async function installWithApt(
  directory: string,
  clientFiles: { sources: string; pref: string },
  { base, rootTar }: { base: string; rootTar: string },
): Promise<Installed> {
  const root = join(directory, 'root');
  await mkdir(root, { recursive: true });
  await makeAptRoot(rootTar, base);
  await run(['tar', '-xf', rootTar, '-C', root, '--exclude=./dev/*']);
  await run(['mknod', '-m', '666', join(root, 'dev/null'), 'c', '1', '3']);
  await writeFile(join(root, 'etc/apt/sources.list'), `deb [trusted=yes] file:${base} bookworm main\n`);
  const { sources, pref } = clientFiles;
  await copyFile(sources, join(root, 'etc/apt/sources.list.d', basename(sources)));
  await copyFile(pref, join(root, 'etc/apt/preferences.d', basename(pref)));
  // The mounts end with the shell.
  const tops = [base, dirname(sources)];
  await run(['unshare', '--mount', 'sh', '-c', INSTALL, 'sh', root, ...tops, '--', ...PACKAGES], {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
    timeout: 300_000,
  });
  const admin = `--admindir=${root}/var/lib/dpkg`;
  const dpkg = await run(['dpkg-query', admin, '-W', '-f', '${Package}_${Version}\\n', ...PACKAGES, 'libgreet1']);
  return {
    command:
      `cp ${sources} /etc/apt/sources.list.d/ && cp ${pref} /etc/apt/preferences.d/ && ` +
      `apt-get update && apt-get install ${PACKAGES.join(' ')}`,
    packages: split(dpkg.stdout),
    programs: await runAll(root),
  };
}

/** $1: the root; directories to be seen inside; --; packages. apt reads as a user of its own, to whom a root's /root is closed: a clone may lie there. */
const INSTALL = `
set -e
root=$1; shift
open() { d=$1; while [ "$d" != / ]; do chmod a+x "$root$d"; d=$(dirname "$d"); done; }
while [ "$1" != -- ]; do mkdir -p "$root$1"; open "$1"; mount --bind "$1" "$root$1"; shift; done
shift
chroot "$root" apt-get update -qq
exec chroot "$root" apt-get install -qq -y --no-install-recommends "$@"
`;

async function makeAptRoot(path: string, base: string): Promise<void> {
  if (existsSync(path)) return;
  const temporary = `${path}.tmp-${String(process.pid)}.tar`;
  const source = `deb [trusted=yes] copy://${base} bookworm main`;
  await run(['mmdebstrap', '--quiet', '--mode=root', '--variant=apt', 'bookworm', temporary, source], {
    timeout: 300_000,
  });
  await rename(temporary, path);
}

async function runAll(root: string): Promise<Installed['programs']> {
  const results = [];
  for (const program of PROGRAMS)
    results.push({ program: program.join(' '), output: (await run(['chroot', root, ...program])).stdout });
  await rm(root, { recursive: true, force: true });
  return results;
}

function split(text: string): string[] {
  return text.trim().split('\n');
}
