import { lstat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { describeError, sha256File, TrunklineError } from '../../lib/index.ts';
import type { IndexFragment, PackageFile, PackageFormat, PublicKey, PublishedPackage } from '../../model/index.ts';
import type { ManifestPackage } from '../manifest.ts';
import { RESTORE, type Finding } from './finding.ts';

export type Companions = PublishedPackage['companions'];

export interface PackageCheck {
  /** The target's directory, which paths in findings are below. */
  directory: string;
  format: PackageFormat;
  pathOf: (one: { sha256: string; fileName: string }) => string;
  /** The files a source package names, by its digest. */
  companions: ReadonlyMap<string, Companions>;
  /** Keys of which one has to have signed each package that carries its own signature; null: none is looked for. */
  keys: readonly PublicKey[] | null;
  /** Called now and then with how many packages have been read. */
  report: (packages: number) => void;
  signal: AbortSignal;
}

/** What came of reading packages again. */
export interface PackagesRead {
  findings: Finding[];
  /** Index entries made anew from what lies in the pool, by digest; a damaged package has none. */
  fragments: Map<string, IndexFragment>;
}

/** Read in one jail. */
const BATCH = 50;

/** Reads every package again: size and digest, what it says of itself, its index entries, its signature. */
export async function readPackages(packages: readonly ManifestPackage[], check: PackageCheck): Promise<PackagesRead> {
  const read: PackagesRead = { findings: [], fragments: new Map() };
  for (let start = 0; start < packages.length; start += BATCH) {
    check.signal.throwIfAborted();
    const batch = packages.slice(start, start + BATCH);
    const intact: ManifestPackage[] = [];
    for (const one of batch) {
      const found = await checkFiles(one, check);
      read.findings.push(...found);
      if (found.length === 0) intact.push(one);
    }
    await readBatch(intact, check, read);
    check.report(Math.min(start + BATCH, packages.length));
  }
  return read;
}

async function checkFiles(one: ManifestPackage, check: PackageCheck): Promise<Finding[]> {
  const path = check.pathOf(one);
  const companions = check.companions.get(one.sha256) ?? [];
  const findings: Finding[] = [];
  for (const file of [one, ...companions]) {
    const finding = await checkFile(one, { ...file, path: join(dirname(path), file.fileName) }, check);
    if (finding !== null) findings.push(finding);
  }
  return findings;
}

async function checkFile(
  one: ManifestPackage,
  file: { path: string; fileName: string; sha256: string; size: number },
  check: PackageCheck,
): Promise<Finding | null> {
  const where = relative(check.directory, file.path);
  const status = await lstat(file.path).catch(() => undefined);
  if (!status?.isFile())
    return { kind: 'package_missing', where, what: `${one.fullName} is not in the pool`, remedy: RESTORE };
  const damaged = { sha256: one.sha256, fileName: file.fileName };
  if (status.size !== file.size) {
    const what = `${one.fullName} is damaged: ${file.fileName} has ${status.size} bytes and not ${file.size}`;
    return { kind: 'package_damaged', where, what, remedy: RESTORE, damaged };
  }
  const digest = await sha256File(file.path);
  if (digest === file.sha256) return null;
  const what = `${one.fullName} is damaged: the SHA-256 of ${file.fileName} is ${digest} and not ${file.sha256}`;
  return { kind: 'package_damaged', where, what, remedy: RESTORE, damaged };
}

/** What fails together is read one by one, so that each finding has its own package. */
async function readBatch(batch: readonly ManifestPackage[], check: PackageCheck, read: PackagesRead): Promise<void> {
  if (batch.length === 0) return;
  const { format, directory } = check;
  try {
    const files = await format.identify(batch.map(check.pathOf));
    const fragments = await format.fragments(files);
    batch.forEach((one, n) => {
      const fragment = fragments[n];
      if (fragment !== undefined) read.fragments.set(one.sha256, fragment);
    });
    read.findings.push(...batch.flatMap((one, n) => differences(one, files[n], check)));
    read.findings.push(...(await badSignatures(batch, files, check)));
  } catch (error) {
    if (!(error instanceof TrunklineError) || !['package_invalid', 'process_failed'].includes(error.code)) throw error;
    const [only, second] = batch;
    if (only !== undefined && second === undefined)
      read.findings.push({
        kind: 'package_wrong',
        where: relative(directory, check.pathOf(only)),
        what: `${only.fullName} has the right digest and cannot be read: ${describeError(error)}`,
        remedy: 'see that the tools of this machine that read packages are no older than those that published it',
      });
    else for (const one of batch) await readBatch([one], check, read);
  }
}

/** Whether a package is what the snapshot's list says it is. */
function differences(one: ManifestPackage, file: PackageFile | undefined, check: PackageCheck): Finding[] {
  const { fullName, name, kind, arch, fileName } = file?.identity ?? { ...one, fullName: 'nothing' };
  const same = [fullName, name, kind, arch, fileName].join('\n');
  if (same === [one.fullName, one.name, one.kind, one.arch, one.fileName].join('\n')) return [];
  return [
    {
      kind: 'package_wrong',
      where: relative(check.directory, check.pathOf(one)),
      what: `the snapshot lists it as ${one.fullName}, and it says that it is ${fullName}`,
      remedy: 'take it out: publish the project anew, then move the refs to the new snapshot',
    },
  ];
}

async function badSignatures(
  batch: readonly ManifestPackage[],
  files: readonly PackageFile[],
  check: PackageCheck,
): Promise<Finding[]> {
  if (check.keys === null || check.format.signatureProblems === undefined) return [];
  const problems = await check.format.signatureProblems(files, check.keys);
  return batch.flatMap((one, n) => {
    const words = problems[n] ?? null;
    if (words === null) return [];
    return {
      kind: 'signature_bad',
      where: relative(check.directory, check.pathOf(one)),
      what: `${one.fullName} is not signed by a key that clients trust: ${words}`,
      remedy: 'build it again with a forced rebuild, which signs it, or give clients the key that signed it',
    } satisfies Finding;
  });
}
