import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProcessError, TrunklineError } from '../../../lib/index.ts';
import type { JailResult } from '../../../lib/jail/index.ts';
import type { PackageFile, PublicKey } from '../../../model/index.ts';
import { decodeWord, invalidPackage, type OpenJail } from '../confined-reading.ts';
import { LEAD_BYTES, readHead, type RpmHead } from './read-head.ts';

/** A package with the signatures that rpmsign will ask for. */
export interface Unsigned {
  file: PackageFile;
  head: RpmHead;
  /** Signatures by the SHA-256 of what they are over. */
  signatures: ReadonlyMap<string, Uint8Array>;
}

const LIMITS = { memory: 1024 ** 3, processes: 64, disk: 64 * 1024 ** 2 };
/** Seconds for a batch, and one more for each 20 MB. */
const BASE_SECONDS = 60;
const BYTES_PER_SECOND = 20e6;

/**
 * The program that rpmsign calls to sign is one that looks up the signature of what it is given: a package that makes rpm see another header than
 * we saw gets none. rpm before 6 leaves the program's name out of its arguments and names the file by a macro, rpm 6 does neither, so the last
 * argument it is. The keyring in files spares an rpmdb; `_pkgverify_level all` refuses what has no signature by one of the keys.
 */
const SCRIPT = `
set -u
command -v rpmsign >/dev/null && command -v rpmkeys >/dev/null || exit 127
cat > /tmp/answer <<'END'
#!/bin/sh
digest=$(sha256sum); digest=\${digest%% *}
for last; do :; done
exec cp "/in/signatures/$digest" "$last"
END
chmod 755 /tmp/answer && cd /work || exit 1
sign() {
  rpmsign --define '_gpg_name trunkline' --define '_openpgp_sign gpg' --define '_openpgp_sign_id trunkline' \\
    --define '__gpg_sign_cmd() /tmp/answer answer %{?__signature_filename}%{!?__signature_filename:%{2}}' --resign "$@" 2>&1 </dev/null
}
check() {
  rpmkeys --dbpath /tmp/rpmdb --define '_keyring fs' --define '_keyringpath /in/keys' --define '_pkgverify_level all' -K "$@" 2>&1
}
sign */package.rpm >/dev/null && check */package.rpm >/dev/null && exit 0
for n in *; do words=$(sign "$n/package.rpm") && words=$(check "$n/package.rpm") ||
  echo "bad $n $(printf %s "$words" | grep -v GPG_TTY | head -c 400 | base64 -w0)"; done
`;

/**
 * Has rpmsign put signatures into copies of packages below `work`, which exists and is empty, in one jail. Answers the front (lead and signature
 * header) of each in its order; nothing else of the copies may be used.
 * @throws TrunklineError `package_invalid` naming a file that rpmsign refuses, `signing_failed` when rpm does not take the key, `missing_tool`.
 */
export async function insertSignatures(
  openJail: OpenJail,
  request: { work: string; files: readonly Unsigned[]; keys: readonly PublicKey[] },
): Promise<Buffer[]> {
  const { work, files } = request;
  const [copies, given] = [join(work, 'packages'), join(work, 'in')];
  await layOut(copies, given, request);
  const jail = await openJail({ label: 'sign-rpm', limits: LIMITS });
  try {
    const bytes = files.reduce((sum, { head }) => sum + head.size, 0);
    const result = await jail.run(['/bin/sh', '-c', SCRIPT], {
      root: 'tools',
      binds: [
        { source: given, target: '/in' },
        { source: copies, target: '/work', writable: true },
      ],
      user: 'builder',
      timeout: BASE_SECONDS + bytes / BYTES_PER_SECOND,
    });
    checkResult(result, files);
  } finally {
    await jail.close();
  }
  return Promise.all(files.map((one, n) => frontOf(one, join(copies, String(n), 'package.rpm'))));
}

async function layOut(
  copies: string,
  given: string,
  { files, keys }: { files: readonly Unsigned[]; keys: readonly PublicKey[] },
): Promise<void> {
  for (const directory of [copies, given, join(given, 'keys'), join(given, 'signatures')])
    await mkdir(directory, { mode: 0o755 });
  for (const key of keys) await writeFile(join(given, 'keys', `${key.fingerprint}.key`), key.armored);
  for (const [n, { file, signatures }] of files.entries()) {
    await mkdir(join(copies, String(n)), { mode: 0o755 });
    await copyFile(file.path, join(copies, String(n), 'package.rpm'), constants.COPYFILE_FICLONE);
    for (const [digest, signature] of signatures) await writeFile(join(given, 'signatures', digest), signature);
  }
}

function checkResult(result: JailResult, files: readonly Unsigned[]): void {
  const names = files.map(({ file }) => file.path).join(', ');
  if (result.stop !== null)
    throw new TrunklineError('package_invalid', `Signing ${names} was ended by the limit on ${result.stop}`, {
      where: files[0]?.file.path ?? names,
    });
  if (result.exitCode === 127)
    throw new TrunklineError('missing_tool', 'Signing packages needs rpmsign and rpmkeys', {
      hint: 'install rpm (Fedora, EL: rpm-sign) with the package manager of this machine',
    });
  if (result.exitCode !== 0)
    throw new ProcessError(['sh', '-c', `sign ${names}`], {
      exitCode: result.exitCode,
      stdout: '',
      stderr: result.stderr,
    });
  for (const line of result.stdout.split('\n')) {
    const [word, n, words] = line.split(' ');
    if (word !== 'bad') continue;
    const file = files[Number(n)]?.file ?? { path: 'a package' };
    const said = decodeWord(words).replaceAll(/\s*\n\s*/g, '; ');
    if (!said.includes('SIGNATURES NOT OK')) throw invalidPackage(file, `rpmsign refuses it: ${said}`);
    throw new TrunklineError('signing_failed', `rpm does not take the signature of ${file.path}: ${said}`, {
      where: file.path,
      hint: 'use a key that rpm can read: RSA, with at least 2048 bits',
    });
  }
}

/** The original's lead with the signature header of its signed copy; our signature must be in it, and the main header after it unchanged. */
async function frontOf({ file, head, signatures }: Unsigned, copy: string): Promise<Buffer> {
  const status = await lstat(copy).catch(() => undefined);
  if (status?.isFile() !== true) throw invalidPackage(file, 'rpmsign left no file in its place');
  const after = await readHead(copy);
  const front = Buffer.concat([head.front.subarray(0, LEAD_BYTES), after.front.subarray(LEAD_BYTES)]);
  if (!after.header.equals(head.header)) throw invalidPackage(file, 'its header is another one after rpmsign');
  for (const signature of [...signatures.values()].map((bytes) => Buffer.from(bytes)))
    if (!front.includes(signature) && !front.includes(signature.toString('base64')))
      throw invalidPackage(file, 'rpmsign left our signature out');
  return front;
}
