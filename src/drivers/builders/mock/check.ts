import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describeError } from '../../../lib/index.ts';
import type { Readiness, Target } from '../../../model/index.ts';
import { readPrepared } from '../generations.ts';
import type { MockLauncher } from './command.ts';

type Missing = Readiness['missing'][number];

/** What keeps mock from building for a target on this machine. */
export async function checkMachine(
  stateDirectory: string,
  target: Target,
  launcher: () => Promise<MockLauncher>,
  mockCommand: string,
): Promise<Readiness> {
  const missing: Missing[] = [...formatMissing(target), ...(await pathMissing(stateDirectory))];
  try {
    await askVersion(await launcher());
  } catch (error) {
    missing.push({ what: `mock (${mockCommand}): ${describeError(error)}`, remedy: MOCK_REMEDY });
  }
  if (target.format === 'rpm' && (await readPrepared(stateDirectory, target)) === null)
    missing.push({ what: 'a prepared root', remedy: `trunkline target prepare ${target.name}` });
  return { missing };
}

const MOCK_REMEDY =
  'install mock and make an account for it (dnf install mock; useradd -r -g mock -d /var/lib/mock trunkline-mock), or name the program with TRUNKLINE_MOCK';

/** `mock --version`. @throws ProcessError or Error when it does not answer with a version. */
export async function askVersion(launcher: MockLauncher): Promise<string> {
  const { stdout, stderr, exitCode } = await launcher.start(['--version'], {});
  const version = stdout.trim();
  if (exitCode !== 0 || !/^\S+$/.test(version))
    throw new Error(stderr.trim().split('\n').at(-1) ?? `exit code ${exitCode}`);
  return `mock ${version}`;
}

function formatMissing(target: Target): Missing[] {
  if (target.format === 'rpm') return [];
  return [
    {
      what: `mock builds RPMs only, and ${target.name} is a ${target.format} target`,
      remedy: 'set builder: sandbox or sbuild',
    },
  ];
}

/** mock reads its configuration as an unprivileged account, and its overlayfs plugin puts paths into mount options unquoted. */
async function pathMissing(stateDirectory: string): Promise<Missing[]> {
  const missing: Missing[] = [];
  if (!/^[A-Za-z0-9._/+@-]+$/.test(stateDirectory))
    missing.push({
      what: `a data directory that mock can mount from: ${stateDirectory} has a space, comma, colon or the like in it`,
      remedy: 'choose a data_dir of letters, digits, dots, hyphens and underscores',
    });
  for (let path = stateDirectory; path !== '/'; path = dirname(path)) {
    const mode = await stat(path).then(
      (entry) => entry.mode,
      () => 0o001,
    );
    if ((mode & 0o001) === 0)
      missing.push({ what: `leave for mock's account to pass through ${path}`, remedy: `chmod o+x ${path}` });
  }
  return missing;
}
