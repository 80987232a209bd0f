import { TrunklineError } from '../../../lib/index.ts';
import type { PackageFile, PublicKey } from '../../../model/index.ts';
import { decodeWord, secondsToRead, type OpenJail } from '../confined-reading.ts';

/**
 * The keyring in files spares an rpmdb; `_pkgverify_level all` refuses what has no signature by one of the keys. The keys come on standard input, the
 * packages are `/in/<n>/package.rpm`. Answers a line `bad <n> <words>` for each that is refused, words in base64, and at last `end`.
 */
const SCRIPT = `
set -u
command -v rpmkeys >/dev/null || exit 127
mkdir /tmp/keys && cd /tmp/keys && awk '/^-----BEGIN PGP/ { n++ } { print > (n ".key") }' || exit 1
check() {
  rpmkeys --dbpath /tmp/rpmdb --define '_keyring fs' --define '_keyringpath /tmp/keys' --define '_pkgverify_level all' -K "$@" 2>&1 </dev/null
}
cd /in || exit 1
if ! check */package.rpm >/dev/null; then
  for n in *; do words=$(check "$n/package.rpm") || echo "bad $n $(printf %s "$words" | head -c 400 | base64 -w0)"; done
fi
echo end
`;
const LIMITS = { memory: 1024 ** 3, processes: 64, disk: 64 * 1024 ** 2 };

/**
 * What rpmkeys has against the signature of each RPM, in a jail; null for one that is signed by one of the keys.
 * @throws TrunklineError `missing_tool`, `process_failed` when it did not come to an end
 */
export async function rpmSignatureProblems(
  openJail: OpenJail,
  files: readonly PackageFile[],
  keys: readonly PublicKey[],
): Promise<(string | null)[]> {
  const jail = await openJail({ label: 'verify-rpm', limits: LIMITS });
  try {
    const result = await jail.run(['/bin/sh', '-c', SCRIPT], {
      root: 'tools',
      user: 'builder',
      binds: files.map((file, n) => ({ source: file.path, target: `/in/${n}/package.rpm` })),
      input: keys.map((key) => `${key.armored.trimEnd()}\n`).join(''),
      timeout: secondsToRead(files.reduce((sum, file) => sum + file.size, 0)),
    });
    if (result.exitCode === 127)
      throw new TrunklineError('missing_tool', 'Checking signatures needs rpmkeys', { hint: 'install rpm' });
    const lines = result.stdout.trimEnd().split('\n');
    if (result.stop !== null || lines.at(-1) !== 'end')
      throw new TrunklineError(
        'process_failed',
        `rpmkeys did not come to an end: ${result.stop ?? result.stderr.trim()}`,
      );
    const bad = new Map(lines.map((line) => line.split(' ')).map(([, n, words]) => [n, words]));
    return files.map((_, n) =>
      bad.has(String(n)) ? decodeWord(bad.get(String(n))).replaceAll(/\s*\n\s*/g, '; ') : null,
    );
  } finally {
    await jail.close();
  }
}
