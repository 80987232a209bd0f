import { access, constants, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BASE_ENVIRONMENT, run } from '../../../lib/index.ts';
import { jailReadiness } from '../../../lib/jail/index.ts';
import type { Readiness, Target } from '../../../model/index.ts';
import { readPrepared } from '../generations.ts';
import { baseRepositories, localDirectories } from './sources.ts';

type Missing = Readiness['missing'][number];

const TOOLS = [
  ['sbuild', 'sbuild'],
  ['mmdebstrap', 'mmdebstrap'],
  ['newuidmap', 'uidmap'],
  ['mkfs.ext4', 'e2fsprogs'],
  ['dpkg-source', 'dpkg-dev'],
  ['zstd', 'zstd'],
] as const;

/** What keeps sbuild from building for a target on this machine. */
export async function checkMachine(stateDirectory: string, target: Target): Promise<Readiness> {
  const missing: Missing[] = [];
  if (target.format !== 'deb')
    missing.push({
      what: `sbuild builds debs only, and ${target.name} is a ${target.format} target`,
      remedy: 'set builder: sandbox or mock',
    });
  for (const [program, debian] of TOOLS)
    if (!(await isInstalled(program)))
      missing.push({ what: `the program ${program}`, remedy: `apt install ${debian}` });
  for (const file of ['/etc/subuid', '/etc/subgid']) missing.push(...(await subordinateIds(file)));
  if (!(await exists('/dev/loop-control')))
    missing.push({ what: 'loop devices, which limit what a build may write', remedy: 'modprobe loop' });
  missing.push(...(await jailReadiness()));
  if (target.format === 'deb' && baseRepositories(target).length > 0) {
    for (const path of localDirectories(target, null))
      if (!(await exists(path)))
        missing.push({ what: `the base repository ${path}`, remedy: `correct base_repositories of ${target.name}` });
    if ((await readPrepared(stateDirectory, target)) === null)
      missing.push({ what: 'a prepared chroot', remedy: `trunkline target prepare ${target.name}` });
  }
  return { missing };
}

/** sbuild's and its libraries' version. */
export async function askVersion(): Promise<string> {
  const { stdout } = await run(['sbuild', '--version']);
  return `sbuild ${/\d+(?:\.\d+)+/.exec(stdout)?.[0] ?? 'unknown'}`;
}

/** sbuild takes the line of the user that runs it, root as well (subuid(5)). */
async function subordinateIds(file: string): Promise<Missing[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const counts = text
    .split('\n')
    .filter((line) => line.startsWith('root:'))
    .map((line) => Number(line.split(':')[2]));
  if (counts.some((count) => count >= 65_536)) return [];
  return [{ what: `65536 ids for root in ${file}`, remedy: `echo root:2000000000:65536 >>${file}` }];
}

async function isInstalled(program: string): Promise<boolean> {
  const directories = (BASE_ENVIRONMENT.PATH ?? '').split(':');
  return (await Promise.all(directories.map((directory) => exists(join(directory, program), constants.X_OK)))).includes(
    true,
  );
}

async function exists(path: string, mode = constants.F_OK): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
