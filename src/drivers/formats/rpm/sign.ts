import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { sha256, TEMPORARY, TrunklineError } from '../../../lib/index.ts';
import type { PackageFile, Signer } from '../../../model/index.ts';
import { invalidPackage } from '../confined-reading.ts';
import type { Inspector } from '../inspection.ts';
import { identifyRpms } from './identify.ts';
import type { SignatureInserter, Unsigned } from './insert-signatures.ts';
import { readHead, type RpmHead } from './read-head.ts';
import { writeSigned } from './write-signed.ts';

/** Signed one after the other, before what they left is cleared away. */
const BATCH = 50;
/** Signatures asked for at once: the signer may be an agent with one processor or a machine far away. */
const AT_ONCE = 2;
/** Bytes of header and payload of a package whose header has no digest of the payload. They go to the signer in one piece. */
const MAX_WHOLE = 256 * 1024 ** 2;

export interface RpmSigning {
  inserter: SignatureInserter;
  inspector: Inspector;
}

/**
 * Signs RPMs so that nothing that understands them is near the key: this side takes the main header's bytes out by lengths that it checks and has
 * the signer sign them; the inserter makes the signature header with the signature in it, itself or by rpmsign in a jail without the key; the rest is
 * the file as it was. Each is identified anew, which proves its digests too.
 */
export async function signRpms(
  tools: RpmSigning,
  files: readonly PackageFile[],
  signer: Signer,
  directory: string,
): Promise<PackageFile[]> {
  const signed: PackageFile[] = [];
  for (let start = 0; start < files.length; start += BATCH) {
    const batch = files.slice(start, start + BATCH);
    signed.push(...(await signBatch(tools, batch, signer, join(directory, String(start / BATCH)))));
  }
  return signed;
}

async function signBatch(
  { inserter, inspector }: RpmSigning,
  files: readonly PackageFile[],
  signer: Signer,
  directory: string,
): Promise<PackageFile[]> {
  await mkdir(directory, { recursive: true });
  const work = await mkdtemp(join(directory, `${TEMPORARY}sign-`));
  try {
    const keys = await signer.publicKeys();
    const unsigned = await inGroups(files, AT_ONCE, (file) => signOne(file, signer));
    const fronts = await inserter.insert(unsigned, keys, work);
    const paths: string[] = [];
    for (const [n, one] of unsigned.entries()) {
      const front = fronts[n];
      if (front === undefined) throw invalidPackage(one.file, 'rpmsign left no signature in it');
      // A directory each: file names have no epoch in them.
      const path = join(directory, String(n), one.file.identity.fileName);
      await mkdir(join(directory, String(n)));
      await writeSigned(one, front, path);
      paths.push(path);
    }
    return checkedIdentities(files, await identifyAgain(inspector, files, paths));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** `identifyRpms` of the signed files, whose complaints name the files that they were made of: the others are cleared away. */
async function identifyAgain(
  inspector: Inspector,
  files: readonly PackageFile[],
  paths: readonly string[],
): Promise<PackageFile[]> {
  try {
    return await identifyRpms(inspector, paths);
  } catch (error) {
    const file = files[paths.findIndex((path) => error instanceof TrunklineError && error.where === path)];
    if (file === undefined) throw error;
    const { code, message, hint } = error as TrunklineError;
    throw new TrunklineError(code, message, {
      where: file.path,
      ...(hint === undefined ? {} : { hint }),
      cause: error,
    });
  }
}

async function signOne(file: PackageFile, signer: Signer): Promise<Unsigned> {
  const head = await readHead(file.path);
  const contents = [head.header, ...(head.payloadDigest ? [] : [await headerAndPayload(file, head)])];
  const signatures = new Map<string, Uint8Array>();
  for (const content of contents) signatures.set(sha256(content), await signer.sign(content, 'detached'));
  return { file, head, signatures };
}

async function headerAndPayload(file: PackageFile, head: RpmHead): Promise<Buffer> {
  if (head.size - head.front.length > MAX_WHOLE)
    throw new TrunklineError(
      'package_invalid',
      `${file.path} has no digest of its payload and is too large to be signed`,
      {
        where: file.path,
        hint: 'build it again with rpm 4.14 or newer, which records the digest',
      },
    );
  return (await readFile(file.path)).subarray(head.front.length);
}

/** A header's bytes are the same, so another identity means that one of the two readings was led astray. */
function checkedIdentities(before: readonly PackageFile[], after: readonly PackageFile[]): PackageFile[] {
  return before.map((file, n) => {
    const signed = after[n];
    if (signed === undefined || !isDeepStrictEqual(signed.identity, file.identity))
      throw invalidPackage(file, 'it says something else of itself after it was signed');
    return signed;
  });
}

async function inGroups<T, R>(items: readonly T[], size: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += size)
    results.push(...(await Promise.all(items.slice(start, start + size).map(work))));
  return results;
}
