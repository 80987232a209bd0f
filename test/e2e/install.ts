import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../src/lib/index.ts';

/** A user's machine that has the client files of a repository and installs from it. */
export interface Client {
  /** Its file system. */
  root: string;
  install: (...packages: string[]) => Promise<string>;
}

/** A machine with dnf that was given the `.repo` file `clientFile`. */
export async function dnfClient(root: string, clientFile: string): Promise<Client> {
  await mkdir(join(root, 'etc/yum.repos.d'), { recursive: true });
  await copyFile(clientFile, join(root, 'etc/yum.repos.d/trunk.repo'));
  await writeFile(join(root, '.rpmmacros'), '%_dbpath /var/lib/rpm\n');
  // Debian enables the plugin `local`, which offers every package once installed on the host to all later installs.
  const options = [`--installroot=${root}`, '--releasever=12', '--forcearch=x86_64', '--disableplugin=local'];
  return {
    root,
    install: async (...packages) =>
      (await run(['dnf', '-y', ...options, 'install', ...packages], { env: { HOME: root } })).stdout,
  };
}

/** A machine with apt that was given `<name>.sources` and `<name>.pref` of `directory`; dpkg unpacks below `root`. */
export async function aptClient(root: string, directory: string, name: string): Promise<Client> {
  for (const path of ['sources.list.d', 'preferences.d', 'apt.conf.d'])
    await mkdir(join(root, 'etc/apt', path), { recursive: true });
  for (const path of [
    'state/lists/partial',
    'cache/archives/partial',
    'var/lib/dpkg/info',
    'var/lib/dpkg/updates',
    'var/log/apt',
  ])
    await mkdir(join(root, path), { recursive: true });
  await writeFile(join(root, 'var/lib/dpkg/status'), '');
  await copyFile(join(directory, `${name}.sources`), join(root, `etc/apt/sources.list.d/${name}.sources`));
  await copyFile(join(directory, `${name}.pref`), join(root, `etc/apt/preferences.d/${name}.pref`));
  const config = [
    ...[`Dir "${root}";`, `Dir::Etc "etc/apt";`, `Dir::State "state";`, `Dir::Cache "cache";`],
    ...[
      `Dir::State::status "${root}/var/lib/dpkg/status";`,
      'APT::Architecture "amd64";',
      'APT::Architectures {"amd64";};',
    ],
    ...[
      'APT::Sandbox::User "root";',
      'Acquire::Languages "none";',
      `DPkg::Options {"--root=${root}";"--force-depends";};`,
    ],
  ];
  await writeFile(join(root, 'apt.conf'), `${config.join('\n')}\n`);
  const options = { env: { APT_CONFIG: join(root, 'apt.conf'), HOME: root }, cwd: root };
  return {
    root,
    install: async (...packages) => {
      await run(['apt-get', '-q', 'update'], options);
      return (await run(['apt-get', '-q', '-y', 'install', ...packages], options)).stdout;
    },
  };
}
