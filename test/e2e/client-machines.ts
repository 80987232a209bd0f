import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { run } from '../../src/lib/index.ts';

/** What a real client did: its exit code and everything it said. */
export interface Said {
  exitCode: number;
  said: string;
  /** Milliseconds of `performance.now()`. */
  began: number;
  ended: number;
}

/**
 * What a client says when something is amiss that its exit code may keep to itself: a repository passed over, a file that is not there or not the one
 * that was promised, a warning of apt's.
 */
export const AMISS =
  /Ignoring repositories|[Ff]ailed (to|loading)|Hash Sum mismatch|Skipping repository|nothing provides|conflicting requests|\b404\b(?! +[kMG]?B\/s)|not valid yet|^(W|E|Err|Ign):.*$|\b[Ee]rror:/m;

/** A throw-away machine that has dnf and one client file. */
export async function dnfMachine(
  directory: string,
  clientFile: string,
  change: (text: string) => string = (text) => text,
) {
  const root = await mkdtemp(join(directory, 'dnf-'));
  await mkdir(join(root, 'etc/yum.repos.d'), { recursive: true });
  await writeFile(join(root, 'etc/yum.repos.d', basename(clientFile)), change(await readFile(clientFile, 'utf8')));
  await writeFile(join(root, '.rpmmacros'), '%_dbpath /var/lib/rpm\n');
  const options = [`--installroot=${root}`, '--releasever=43', '--forcearch=x86_64', '--disableplugin=local'];
  return {
    root,
    dnf: (...args: string[]) => observed(['dnf', '-y', ...options, ...args], { HOME: root }, root),
    installed: () => installedRpms(root),
  };
}

/** A throw-away machine that has apt, dpkg and the client files of one repository; its packages have no scripts. */
export async function aptMachine(directory: string, clientFiles: readonly string[]) {
  const root = await mkdtemp(join(directory, 'apt-'));
  const directories = ['etc/apt/sources.list.d', 'etc/apt/preferences.d', 'etc/apt/apt.conf.d', 'state/lists/partial'];
  for (const path of [...directories, 'cache/archives/partial', 'root/var/lib/dpkg/info', 'root/var/lib/dpkg/updates'])
    await mkdir(join(root, path), { recursive: true });
  for (const file of clientFiles) {
    const place = file.endsWith('.pref') ? 'preferences.d' : 'sources.list.d';
    await writeFile(join(root, 'etc/apt', place, basename(file)), await readFile(file));
  }
  await writeFile(join(root, 'root/var/lib/dpkg/status'), '');
  const config = [
    ...[`Dir "${root}";`, 'Dir::Etc "etc/apt";', 'Dir::State "state";', 'Dir::Cache "cache";'],
    ...[`Dir::State::status "${root}/root/var/lib/dpkg/status";`, 'APT::Architecture "amd64";'],
    ...['APT::Architectures {"amd64";};', 'APT::Sandbox::User "root";', 'Acquire::Languages "none";'],
    ...[
      `DPkg::Options {"--root=${root}/root"; "--log=/dev/null";};`,
      'Dpkg::Use-Pty "false";',
      'Acquire::Retries "0";',
    ],
    ...['Dir::Log "log";', `Dir::Bin::dpkg "/usr/bin/dpkg";`],
  ];
  await mkdir(join(root, 'log'));
  await writeFile(join(root, 'apt.conf'), `${config.join('\n')}\n`);
  const env = { APT_CONFIG: join(root, 'apt.conf'), HOME: root, DEBIAN_FRONTEND: 'noninteractive' };
  return {
    root,
    apt: (...args: string[]) => observed(['apt-get', '-q', '-y', ...args], env, root),
    cache: async (...args: string[]) => (await run(['apt-cache', ...args], { env, cwd: root })).stdout,
    installed: () => installedDebs(join(root, 'root')),
  };
}

/** A throw-away machine that has zypper and one repository. `program`: where zypper was unpacked. */
export async function zypperMachine(directory: string, clientFile: string, program: string) {
  const root = await mkdtemp(join(directory, 'zypper-'));
  await mkdir(join(root, 'etc/zypp/repos.d'), { recursive: true });
  await writeFile(join(root, 'etc/zypp/repos.d', basename(clientFile)), await readFile(clientFile));
  await writeFile(join(root, 'etc/zypp/zypp.conf'), '[main]\narch = x86_64\nrepo.refresh.delay = 0\n');
  await writeFile(join(root, '.rpmmacros'), '%_dbpath /var/lib/rpm\n');
  return {
    root,
    zypper: (...args: string[]) =>
      observed(
        [program, '--root', root, '--non-interactive', '--releasever', '43', ...args],
        { HOME: root, ZYPP_CONF: join(root, 'etc/zypp/zypp.conf') },
        root,
      ),
    installed: () => installedRpms(root),
  };
}

async function observed(command: readonly string[], env: Record<string, string>, cwd: string): Promise<Said> {
  const began = performance.now();
  const okExitCodes = Array.from({ length: 256 }, (_, code) => code);
  const [program = '', ...args] = command;
  const { stdout, stderr, exitCode } = await run([program, ...args], {
    env: { LC_ALL: 'C.UTF-8', ...env },
    ...{ cwd, okExitCodes },
  });
  return { exitCode, said: stdout + stderr, began, ended: performance.now() };
}

/** `name-version` of each package, sorted. */
async function installedRpms(root: string): Promise<string[]> {
  const format = ['--qf', '%{name}-%{version}\\n'];
  const { stdout } = await run(['rpm', '--root', root, '--dbpath', '/var/lib/rpm', '-qa', ...format]);
  return stdout
    .split('\n')
    .filter((name) => name !== '' && !name.startsWith('gpg-pubkey'))
    .sort();
}

async function installedDebs(root: string): Promise<string[]> {
  const format = ['-f', '${Package}-${Version} ${db:Status-Status}\\n'];
  const { stdout } = await run(['dpkg-query', `--admindir=${root}/var/lib/dpkg`, '-W', ...format], {
    okExitCodes: [0, 1],
  });
  return stdout
    .split('\n')
    .filter((line) => line.endsWith(' installed'))
    .map((line) => line.replace(/ installed$/, ''))
    .sort();
}
