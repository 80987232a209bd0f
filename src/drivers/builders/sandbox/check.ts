import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { BASE_ENVIRONMENT, ProcessError, run } from '../../../lib/index.ts';
import { jailReadiness } from '../../../lib/jail/index.ts';
import type { FormatName, Readiness, Target } from '../../../model/index.ts';
import { missingPaths } from './base-repositories.ts';
import type { RootStore } from './root-store.ts';

interface Tool {
  program: string;
  /** How Debian and Fedora call the package that has it. */
  debian: string;
  fedora: string;
}

const TOOLS: Record<FormatName, readonly Tool[]> = {
  rpm: [{ program: 'python3', debian: 'python3', fedora: 'python3' }],
  deb: [
    { program: 'mmdebstrap', debian: 'mmdebstrap', fedora: 'mmdebstrap' },
    { program: 'apt-get', debian: 'apt', fedora: 'apt' },
  ],
};

/** What a target lacks on this machine, each with what gets it. */
export async function checkTarget(store: RootStore, target: Target): Promise<Readiness> {
  const missing: { what: string; remedy: string }[] = await jailReadiness();
  for (const tool of TOOLS[target.format])
    if (!(await isInstalled(tool.program)))
      missing.push({
        what: `the program ${tool.program}`,
        remedy: `apt install ${tool.debian}, or dnf install ${tool.fedora}`,
      });
  if (target.format === 'rpm' && !(await hasDnf()))
    missing.push({ what: 'dnf and its Python interface', remedy: 'apt install dnf, or dnf install python3-dnf' });
  for (const path of await missingPaths(target))
    missing.push({
      what: `the base repository or key ${path}`,
      remedy: `correct baseRepositories of ${target.name}, or put it there`,
    });
  if (!(await store.has(target)))
    missing.push({ what: 'a prepared root', remedy: `trunkline target prepare ${target.name}` });
  return { missing };
}

async function isInstalled(program: string): Promise<boolean> {
  for (const directory of (BASE_ENVIRONMENT.PATH ?? '').split(':')) {
    const found = await access(join(directory, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}

async function hasDnf(): Promise<boolean> {
  try {
    await run(['/usr/bin/python3', '-I', '-c', 'import dnf']);
    return true;
  } catch (error) {
    if (error instanceof ProcessError) return false;
    throw error;
  }
}
