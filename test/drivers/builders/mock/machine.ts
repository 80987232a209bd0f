import { execFileSync } from 'node:child_process';

/** Why tests with real mock cannot run here, or null. */
export function mockMissing(): string | null {
  if (process.getuid?.() !== 0) return 'not started by root';
  try {
    execFileSync(process.env.TRUNKLINE_MOCK ?? 'which', process.env.TRUNKLINE_MOCK ? ['--version'] : ['mock'], {
      stdio: 'ignore',
    });
  } catch {
    return 'mock is not installed (see TRUNKLINE_MOCK)';
  }
  try {
    execFileSync('getent', ['group', 'mock']);
  } catch {
    return 'there is no group mock';
  }
  return null;
}
