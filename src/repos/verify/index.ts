import { relative } from 'node:path';
import { describeError, TrunklineError } from '../../lib/index.ts';
import type { PackageFormat } from '../../model/index.ts';
import { readIndices } from '../assembly/index.ts';
import { layoutOf } from '../layout.ts';
import type { ManifestPackage } from '../manifest.ts';
import type { Repository } from '../repository.ts';
import { snapshotDirectory } from '../snapshots.ts';
import type { Finding } from './finding.ts';
import { checkIndices, REMEDY } from './indices.ts';
import { checkFirst, checkRef, type Trust } from './names.ts';
import { readPackages, type Companions } from './packages.ts';

export type { Finding } from './finding.ts';
export type { Trust } from './names.ts';

export interface VerifyOptions {
  repository: Repository;
  /** `<data_dir>/repos/<target>`. */
  directory: string;
  format: PackageFormat;
  architectures: readonly string[];
  /** Seconds for which apt may believe a ref's index, or null. */
  validFor: number | null;
  /** Seconds since the epoch. */
  now: number;
  /** What signatures are checked with; null: nothing is signed. */
  trust: Trust | null;
  hash: string;
  /** The ref by which the snapshot is looked at, or null. */
  ref: string | null;
  /** The files that source packages name, by the digest of the dsc. */
  companionsOf: (packages: readonly ManifestPackage[]) => Promise<ReadonlyMap<string, Companions>>;
  report: (packages: number, of: number) => void;
  signal: AbortSignal;
}

export interface Verified {
  findings: readonly Finding[];
  packages: readonly ManifestPackage[];
  /** Whether the snapshot exists as files, so that its index could be looked at. */
  materialised: boolean;
}

/**
 * Reads all of a snapshot again: its list, every package, every index file against what the packages say, the file that names them, signatures, and
 * the ref. What is wrong is a finding; what is thrown is trouble of this machine.
 */
export async function verifySnapshot(options: VerifyOptions): Promise<Verified> {
  const { repository, hash, directory, format } = options;
  const packages = await listOf(options);
  if ('kind' in packages) return { findings: [packages], packages: [], materialised: false };
  const read = await readPackages(packages, {
    ...{ directory, format, signal: options.signal },
    pathOf: (one) => repository.pathOf(one),
    companions: await options.companionsOf(packages),
    keys: options.trust?.keys ?? null,
    report: (count) => {
      options.report(count, packages.length);
    },
  });
  const layout = layoutOf(directory);
  const record = await readIndices(snapshotDirectory(layout, hash)).catch(() => null);
  const findings = [...read.findings];
  if (record === null)
    return { findings: [...findings, ...(await unmaterialised(options))], packages, materialised: false };
  const snapshot = snapshotDirectory(layout, hash);
  const byHash = format.layout.byHash === null ? null : layout.byHash;
  const { architectures, trust, validFor } = options;
  const wholes = await repository.wholeTexts(hash);
  const entries = packages.map((one) => {
    const fragment = read.fragments.get(one.sha256);
    return {
      fullName: one.fullName,
      entry: fragment === undefined ? null : { fragment, href: relative(directory, repository.pathOf(one)) },
    };
  });
  findings.push(
    ...(await checkIndices({ directory, snapshot, byHash, format, architectures, record, entries, wholes })),
  );
  const names = {
    ...{ layout, format, record, trust, followed: options.ref !== null },
    options: { architectures, origin: repository.origin },
  };
  findings.push(...(await checkFirst(names, snapshot, record.time)));
  if (options.ref !== null) {
    const found = await repository.readRef(options.ref);
    const until = await repository.validUntil(options.ref);
    const ref = { name: options.ref, hash, url: repository.url, found, until, now: options.now };
    findings.push(...(await checkRef({ ...names, options: { ...names.options, validFor } }, ref)));
  }
  return { findings, packages, materialised: true };
}

async function listOf({ repository, hash }: VerifyOptions): Promise<ManifestPackage[] | Finding> {
  try {
    return [...(await repository.readSnapshot(hash)).packages];
  } catch (error) {
    if (!(error instanceof TrunklineError) || !['store_damaged', 'not_found'].includes(error.code)) throw error;
    return {
      kind: 'list_damaged',
      where: `snapshots/${hash}`,
      what: describeError(error),
      remedy: 'restore the database from a backup',
    };
  }
}

/** A snapshot nobody points at need not exist as files; a ref's has to. */
async function unmaterialised({ ref, hash, repository }: VerifyOptions): Promise<Finding[]> {
  if (ref === null && !(await repository.isMaterialised(hash).catch(() => true))) return [];
  const what = 'its index files are not there, or the record of them cannot be read';
  return [{ kind: 'index_missing', where: `snapshots/${hash}/indices.json`, what, remedy: REMEDY }];
}
