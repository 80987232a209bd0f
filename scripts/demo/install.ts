import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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

/** Installs the samples with the host's dnf below `directory` and runs them there. */
export async function installWithDnf(directory: string, repository: string, base: string): Promise<Installed> {
  const root = join(directory, 'root');
  const home = join(directory, 'home');
  await mkdir(join(root, 'dev'), { recursive: true });
  await mkdir(home, { recursive: true });
  await run(['mknod', '-m', '666', join(root, 'dev/null'), 'c', '1', '3']);
  await writeFile(join(home, '.rpmmacros'), '%_dbpath /var/lib/rpm\n');
  const source = [
    `--repofrompath=base,file://${base}`,
    `--repofrompath=trunk,file://${repository}`,
    '--repo=base',
    '--repo=trunk',
  ];
  const settings = [
    '--setopt=trunk.priority=1',
    '--nogpgcheck',
    '--releasever=12',
    '--setopt=reposdir=/nonexistent',
    '--setopt=install_weak_deps=0',
  ];
  const dnf = ['dnf', '-q', '-y', `--installroot=${root}`, ...source, ...settings, 'install', ...PACKAGES] as const;
  await run(['dnf', ...dnf.slice(1)], { env: { HOME: home }, timeout: 300_000 });
  const rpm = await run(['rpm', '--root', root, '--define', '_dbpath /var/lib/rpm', '-q', ...PACKAGES, 'libgreet'], {
    env: { HOME: home },
  });
  return {
    command: `dnf ${source.join(' ')} --setopt=trunk.priority=1 install ${PACKAGES.join(' ')}`,
    packages: lines(rpm.stdout),
    programs: await runAll(root),
  };
}

/** Installs the samples with apt (through mmdebstrap) below `directory` and runs them there. */
export async function installWithApt(directory: string, repository: string, base: string): Promise<Installed> {
  const root = join(directory, 'root');
  await mkdir(directory, { recursive: true });
  const sources = [
    `deb [trusted=yes] copy://${base} bookworm main`,
    `deb [trusted=yes] copy://${repository} trunk main`,
  ];
  await run(
    [
      'mmdebstrap',
      '--quiet',
      '--mode=root',
      '--variant=essential',
      `--include=${PACKAGES.join(',')}`,
      'bookworm',
      root,
      ...sources,
    ],
    {
      timeout: 300_000,
    },
  );
  const dpkg = await run([
    'dpkg-query',
    `--admindir=${root}/var/lib/dpkg`,
    '-W',
    '-f',
    '${Package}_${Version}\\n',
    ...PACKAGES,
    'libgreet1',
  ]);
  return {
    command: `echo 'deb [trusted=yes] file:${repository} trunk main' > /etc/apt/sources.list.d/trunkline.list && apt-get update && apt-get install ${PACKAGES.join(' ')}`,
    packages: lines(dpkg.stdout),
    programs: await runAll(root),
  };
}

async function runAll(root: string): Promise<Installed['programs']> {
  const results = [];
  for (const program of PROGRAMS)
    results.push({ program: program.join(' '), output: (await run(['chroot', root, ...program])).stdout });
  await rm(root, { recursive: true, force: true });
  return results;
}

function lines(text: string): string[] {
  return text.trim().split('\n');
}
