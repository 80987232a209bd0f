import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** Why tests with real sbuild cannot run here, or null. */
export function sbuildMissing(): string | null {
  if (process.getuid?.() !== 0) return 'not started by root';
  for (const program of ['sbuild', 'mmdebstrap', 'newuidmap', 'bwrap', 'dpkg-source'])
    try {
      execFileSync('which', [program], { stdio: 'ignore' });
    } catch {
      return `${program} is not installed`;
    }
  return null;
}

/** Gives root the subordinate ids that sbuild needs, where it has none yet. */
export function addSubordinateIds(): void {
  for (const file of ['/etc/subuid', '/etc/subgid']) {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    if (!/^root:/m.test(text)) appendFileSync(file, 'root:2000000000:65536\n');
  }
}
