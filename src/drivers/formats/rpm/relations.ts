import { TrunklineError } from '../../../lib/index.ts';
import type { PackagingFile, PackagingRelations } from '../../../model/index.ts';
import type { OpenJail } from '../confined-reading.ts';
import { readPackaging } from './read-packaging.ts';

/** Parsing a spec runs what its macros say, so it is done in a jail. DLRN defines `repo_bootstrap` while it looks for the order. */
const SCRIPT = `
set -u
cat > /tmp/package.spec || exit 1
ask() { rpmspec --define 'repo_bootstrap 1' --define '_sourcedir /nonexistent' -q "$@" /tmp/package.spec; }
ask --provides | sed 's/^/provides /'
ask --requires | sed 's/^/requires /'
ask --buildrequires | sed 's/^/requires /'
ask --buildrequires > /dev/null
`;
const LIMITS = { memory: 512 * 1024 ** 2, processes: 64, disk: 64 * 1024 ** 2 };

/**
 * What the packages of a spec provide, and what they need to be built and installed.
 * @throws TrunklineError `source_invalid` with rpm's words when the spec cannot be parsed.
 */
export async function readRelations(openJail: OpenJail, files: readonly PackagingFile[]): Promise<PackagingRelations> {
  const summary = readPackaging(files);
  const spec = files.find((file) => file.path.endsWith('.spec') && !file.path.includes('/'));
  const jail = await openJail({ label: 'read-spec', limits: LIMITS });
  try {
    const input = spec?.content ?? new Uint8Array();
    const result = await jail.run(['/bin/sh', '-c', SCRIPT], { root: 'tools', user: 'builder', input, timeout: 30 });
    if (result.exitCode !== 0)
      throw new TrunklineError('source_invalid', `The spec cannot be parsed: ${result.stderr.trim().slice(0, 300)}`, {
        where: spec?.path ?? summary.name,
      });
    const lines = result.stdout.split('\n');
    return { provides: [summary.name, ...named(lines, 'provides ')], requires: named(lines, 'requires ') };
  } finally {
    await jail.close();
  }
}

/** Names without versions: `libfoo(x86-64) >= 1` → `libfoo(x86-64)`. */
function named(lines: readonly string[], prefix: string): string[] {
  return lines
    .filter((line) => line.startsWith(prefix))
    .flatMap((line) => line.slice(prefix.length).split(' ')[0] ?? []);
}
