import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProcessError, TrunklineError } from '../../../lib/index.ts';
import type { JailResult } from '../../../lib/jail/index.ts';
import type { PackageFile, PublicKey } from '../../../model/index.ts';
import { decodeWord, invalidPackage, secondsToRead, type InputFile, type OpenJail } from '../confined-reading.ts';
import { createReader, MAX_COPIED_BYTES, type Reader } from '../reader.ts';
import { LEAD_BYTES, readHead, readHeadOf, type RpmHead } from './read-head.ts';

/** A package with the signatures that rpmsign will ask for. */
export interface Unsigned {
  file: PackageFile;
  head: RpmHead;
  /** Signatures by the SHA-256 of what they are over. */
  signatures: ReadonlyMap<string, Uint8Array>;
}

/**
 * The program that rpmsign calls to sign is one that looks up the signature of what it is given (the files `package.signatures` have a line of digest
 * and signature each): a package that makes rpm see another header than we saw gets none. rpm before 6 leaves the program's name out of its arguments
 * and names the file by a macro, rpm 6 does neither, so the last argument it is. The keyring in files spares an rpmdb; `_pkgverify_level all` refuses
 * what has no signature by one of the keys. Leaves what was said of a package that is refused in `out/<n>`.
 */
const SIGN = `
command -v rpmsign >/dev/null && command -v rpmkeys >/dev/null || exit 127
mkdir -p /tmp/keys && cat > /tmp/answer <<'END' && chmod 755 /tmp/answer || exit 1
#!/bin/sh
digest=$(sha256sum); digest=\${digest%% *}
for last; do :; done
for file in /tmp/in/*/package.signatures; do
  while read -r name signature; do
    if [ "$name" = "$digest" ]; then echo "$signature" | base64 -d > "$last" && [ -s "$last" ]; exit; fi
  done < "$file"
done
exit 1
END
sign() {
  rpmsign --define '_gpg_name trunkline' --define '_openpgp_sign gpg' --define '_openpgp_sign_id trunkline' \\
    --define '__gpg_sign_cmd() /tmp/answer answer %{?__signature_filename}%{!?__signature_filename:%{2}}' --resign "$@" 2>&1 </dev/null
}
check() {
  rpmkeys --dbpath /tmp/rpmdb --define '_keyring fs' --define '_keyringpath /tmp/keys' --define '_pkgverify_level all' -K "$@" 2>&1
}
sign_all() {
  for key in /tmp/in/*/package.key; do n=\${key%/*}; cp "$key" "/tmp/keys/\${n##*/}.key" || return 1; done
  # rpmsign keeps a signature by the same key instead of replacing it.
  if grep -qx signed /tmp/in/*/package.signatures; then rpmsign --delsign */package.rpm >/dev/null 2>&1; fi
  if sign */package.rpm >/dev/null && check */package.rpm >/dev/null; then return; fi
  for rpm in */package.rpm; do
    words=$(sign "$rpm") && words=$(check "$rpm") || printf %s "$words" | grep -v GPG_TTY | head -c 400 >"/tmp/out/\${rpm%/*}"
  done
}
`;
/** Signs the packages where they arrive, in the memory of the jail, and answers them. */
const SMALL = `${SIGN}
arrive && cd in && sign_all || exit 1
for rpm in */package.rpm; do cp "$rpm" "/tmp/out/\${rpm%/*}.rpm" || exit 1; done
answer /tmp/out/*
`;
/** Signs packages in a directory of this machine. */
const LARGE = `set -u
mkdir -p /tmp/out
${SIGN}
ln -s /in /tmp/in && cd /work && sign_all || exit 1
cd /tmp/out && for n in *; do [ ! -f "$n" ] || echo "$n $(base64 -w0 "$n")"; done
`;
const TOOLS = 'rpmsign and rpmkeys (Debian: rpm; Fedora, EL: rpm, rpm-sign)';
const LIMITS = { memory: 1024 ** 3, processes: 64, disk: 64 * 1024 ** 2 };
/** Small packages in one run: as many as a run that was started ahead has places for, beside two keys. */
const BATCH = 7;

/** Has rpmsign put signatures into packages, in jails. */
export interface SignatureInserter {
  /**
   * The front (lead and signature header) of each file with its signatures, in their order; nothing else of what the jail left is used. `work` exists
   * and is empty. @throws TrunklineError `package_invalid` naming a file that rpmsign refuses, `signing_failed` when rpm does not take the key,
   * `missing_tool`.
   */
  insert(files: readonly Unsigned[], keys: readonly PublicKey[], work: string): Promise<Buffer[]>;
}

export function createSignatureInserter(openJail: OpenJail): SignatureInserter {
  const reader = createReader(openJail, { label: 'sign-rpm', script: SMALL, tools: TOOLS });
  const insert: SignatureInserter['insert'] = async (files, keys, work) => {
    const fronts = new Map<Unsigned, Buffer>();
    const small = files.filter(({ head }) => head.size <= MAX_COPIED_BYTES);
    for (let start = 0; start < small.length; start += BATCH) {
      const batch = small.slice(start, start + BATCH);
      const found = await insertSmall(reader, batch, keys, join(work, `small-${start}`));
      batch.forEach((one, n) => found[n] && fronts.set(one, found[n]));
    }
    for (const [n, one] of files.entries())
      if (!small.includes(one)) fronts.set(one, await insertLarge(openJail, one, keys, join(work, `large-${n}`)));
    return files.flatMap((one) => fronts.get(one) ?? []);
  };
  return { insert };
}

/** Each package is followed by its signatures; the keys come last. */
async function insertSmall(
  reader: Reader,
  files: readonly Unsigned[],
  keys: readonly PublicKey[],
  work: string,
): Promise<Buffer[]> {
  await mkdir(work);
  const inputs: InputFile[] = [];
  for (const [n, one] of files.entries())
    inputs.push(one.file, await inputOf(join(work, `${n}.signatures`), signatureLines(one)));
  for (const key of keys) inputs.push(await inputOf(join(work, `${key.fingerprint}.key`), key.armored));
  const answer = await reader.read(inputs);
  for (const [n, { file }] of files.entries()) refuse(file, answer.get(String(2 * n))?.toString());
  return Promise.all(
    files.map(async (one, n) => {
      const bytes = answer.get(`${2 * n}.rpm`);
      if (bytes === undefined) throw invalidPackage(one.file, 'rpmsign left no file in its place');
      return frontOf(one, await readHeadOf(one.file.path, bytes));
    }),
  );
}

async function inputOf(path: string, content: string): Promise<InputFile> {
  await writeFile(path, content);
  return { path, sha256: '', size: Buffer.byteLength(content) };
}

function signatureLines({ head, signatures }: Unsigned): string {
  const lines = [...signatures]
    .map(([digest, signature]) => `${digest} ${Buffer.from(signature).toString('base64')}\n`)
    .join('');
  return head.signed ? `${lines}signed\n` : lines;
}

/** One package in a jail of its own, copied to where the jail may write. */
async function insertLarge(
  openJail: OpenJail,
  one: Unsigned,
  keys: readonly PublicKey[],
  work: string,
): Promise<Buffer> {
  const { file, head } = one;
  const [given, copies] = [join(work, 'in'), join(work, 'packages')];
  const copy = join(copies, '0', 'package.rpm');
  for (const [n, key] of ['', ...keys].entries()) {
    await mkdir(join(given, String(n)), { recursive: true, mode: 0o755 });
    if (typeof key === 'object') await writeFile(join(given, String(n), 'package.key'), key.armored);
  }
  await writeFile(join(given, '0', 'package.signatures'), signatureLines(one));
  await mkdir(join(copies, '0'), { recursive: true, mode: 0o755 });
  await copyFile(file.path, copy, constants.COPYFILE_FICLONE);
  const jail = await openJail({ label: 'sign-rpm', limits: LIMITS });
  try {
    const result = await jail.run(['/bin/sh', '-c', LARGE], {
      ...{ root: 'tools', user: 'builder', timeout: secondsToRead(head.size) },
      binds: [
        { source: given, target: '/in' },
        { source: copies, target: '/work', writable: true },
      ],
    });
    checkResult(result, file);
  } finally {
    await jail.close();
  }
  const status = await lstat(copy).catch(() => undefined);
  if (status?.isFile() !== true) throw invalidPackage(file, 'rpmsign left no file in its place');
  return frontOf(one, await readHead(copy));
}

function checkResult(result: JailResult, file: PackageFile): void {
  if (result.stop !== null) throw invalidPackage(file, `signing it was ended by the limit on ${result.stop}`);
  if (result.exitCode === 127)
    throw new TrunklineError('missing_tool', `Signing packages needs ${TOOLS}`, {
      hint: 'install them with the package manager of this machine',
    });
  if (result.exitCode !== 0)
    throw new ProcessError(['sh', '-c', `sign ${file.path}`], {
      exitCode: result.exitCode,
      stdout: '',
      stderr: result.stderr,
    });
  if (result.stdout !== '') refuse(file, decodeWord(result.stdout.split(' ')[1]));
}

/** `words` is what rpm said of a package that it does not sign or trust; nothing otherwise. */
function refuse(file: PackageFile, words: string | undefined): void {
  if (words === undefined) return;
  const said = words.trim().replaceAll(/\s*\n\s*/g, '; ');
  if (!said.includes('SIGNATURES NOT OK')) throw invalidPackage(file, `rpmsign refuses it: ${said}`);
  throw new TrunklineError('signing_failed', `rpm does not take the signature of ${file.path}: ${said}`, {
    where: file.path,
    hint: 'use a key that rpm can read: RSA, with at least 2048 bits',
  });
}

/** The original's lead with the signature header of its signed copy; our signature must be in it, and the main header after it unchanged. */
function frontOf({ file, head, signatures }: Unsigned, after: RpmHead): Buffer {
  const front = Buffer.concat([head.front.subarray(0, LEAD_BYTES), after.front.subarray(LEAD_BYTES)]);
  if (!after.header.equals(head.header)) throw invalidPackage(file, 'its header is another one after rpmsign');
  for (const signature of [...signatures.values()].map((bytes) => Buffer.from(bytes)))
    if (!front.includes(signature) && !front.includes(signature.toString('base64')))
      throw invalidPackage(file, 'rpmsign left our signature out');
  return front;
}
