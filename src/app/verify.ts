import { join } from 'node:path';
import { findPackagesNamed, listPresentSnapshots, listRefs } from '../db/index.ts';
import { findUnmet } from '../drivers/builders/sandbox/index.ts';
import { createSigner, readFingerprints, verifySignature } from '../drivers/signers/registry.ts';
import { TrunklineError } from '../lib/index.ts';
import type { PublicKey, Settings, Target } from '../model/index.ts';
import { findSnapshotNamed, parseSubject } from '../promotion/index.ts';
import { verifySnapshot, type Finding, type ManifestPackage, type Trust } from '../repos/index.ts';
import { openForReading, type Trunk } from './open.ts';

export interface VerifyRequest {
  /** `TARGET` (its `current`), `TARGET/REF` or `TARGET/SNAPSHOT`. */
  subject: string;
  report: (what: string) => void;
  signal: AbortSignal;
}

/** A damaged package, and who has it. */
export interface DamagedPackage {
  fullName: string;
  sha256: string;
  fileName: string;
  /** All snapshots that list it, the newest first. */
  snapshots: readonly string[];
  /** Refs that point at one of them. */
  refs: readonly string[];
}

export interface Verification {
  target: string;
  snapshot: string;
  ref: string | null;
  packages: number;
  /** Whether its index files were looked at: a snapshot that nobody points at need not exist as files. */
  materialised: boolean;
  findings: readonly Finding[];
  damaged: readonly DamagedPackage[];
}

/**
 * Reads a published repository again and says what is wrong with it. Changes nothing, and works beside a run or a server.
 * @throws TrunklineError `not_found`, `invalid_argument` for what is not there to be verified
 */
export async function verifyRepository(settings: Settings, request: VerifyRequest): Promise<Verification> {
  const reading = await openForReading(settings);
  try {
    return await look(reading, settings, request);
  } finally {
    await reading.close();
  }
}

async function look(trunk: Trunk, settings: Settings, request: VerifyRequest): Promise<Verification> {
  const { db, formats, repository: repositoryOf } = trunk.context;
  const { report, signal } = request;
  const subject = parseSubject(
    settings,
    request.subject.includes('/') ? request.subject : `${request.subject}/current`,
  );
  const { target } = subject;
  const { hash } = await findSnapshotNamed(db, subject);
  const ref = hash.startsWith(subject.name) ? null : subject.name;
  const repository = repositoryOf(target);
  const { trust, findings: ofKeys } = await trustOf(settings, trunk.context.now());
  const { findings, packages, materialised } = await verifySnapshot({
    ...{ repository, hash, ref, signal, format: formats[target.format], validFor: target.validFor },
    now: Math.trunc(trunk.context.now() / 1000),
    ...{ directory: join(settings.dataDir, 'repos', target.name), architectures: [target.arch] },
    trust,
    companionsOf: async (wanted) => {
      const sources = wanted.filter(({ kind }) => kind === 'source').map(({ fullName }) => fullName);
      const published = await findPackagesNamed(db, target.name, sources);
      return new Map(published.map((one) => [one.sha256, one.companions]));
    },
    report: (count, of) => {
      report(`packages read: ${count} of ${of}`);
    },
  });
  const unmet = materialised ? await dependencies(trunk, target, hash, request) : [];
  const damaged = await describeDamaged(trunk, target, packages, findings);
  return {
    ...{ target: target.name, snapshot: hash, ref, packages: packages.length, materialised },
    findings: [...ofKeys, ...findings, ...unmet],
    damaged,
  };
}

/** What signatures are checked with, and what is wrong with that itself: keys that cannot be read are a finding, as nothing is known then. */
async function trustOf(settings: Settings, now: number): Promise<{ trust: Trust | null; findings: Finding[] }> {
  const signer = createSigner(settings.signing);
  if (signer === null) return { trust: null, findings: [] };
  try {
    const keys = await signer.publicKeys();
    const verify: Trust['verify'] = (content, signature, form) =>
      verifySignature({ content, signature, form }, { keys }, signer.name);
    const expired = keys.filter(({ expiresAt }) => expiresAt !== null && expiresAt <= now);
    return { trust: { keys, verify, fingerprints: readFingerprints }, findings: expired.map(keyExpired) };
  } catch (error) {
    if (!(error instanceof TrunklineError)) throw error;
    const remedy = error.hint ?? 'see to what it says, then verify again';
    return { trust: null, findings: [{ kind: 'not_checked', where: 'signatures', what: error.message, remedy }] };
  }
}

function keyExpired({ fingerprint, expiresAt }: PublicKey): Finding {
  const what = `it expired on ${new Date(expiresAt ?? 0).toISOString().slice(0, 10)}: clients refuse what it signed`;
  const remedy = `extend it (gpg --quick-set-expire ${fingerprint} 1y) and publish it anew, or change to another key`;
  return { kind: 'key_expired', where: `key ${fingerprint}`, what, remedy };
}

/** What cannot be looked at is not said to be good. */
async function dependencies(
  { context }: Trunk,
  target: Target,
  hash: string,
  { report, signal }: VerifyRequest,
): Promise<Finding[]> {
  report('dependencies are being solved');
  try {
    const unmet = await findUnmet(target, context.repository(target).local(hash), signal);
    return unmet.map((one) => ({
      kind: 'dependency_unmet',
      where: one.package,
      what: `nobody in the repository and the base repositories provides ${one.unmet.join(', ')}`,
      remedy: 'publish what it needs, or take it out of the repository',
    }));
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof TrunklineError)) throw error;
    const remedy = error.hint ?? 'see to what it says, then verify again';
    return [{ kind: 'not_checked', where: 'dependencies', what: error.message, remedy }];
  }
}

async function describeDamaged(
  { context }: Trunk,
  target: Target,
  packages: readonly ManifestPackage[],
  findings: readonly Finding[],
): Promise<DamagedPackage[]> {
  const found = findings.flatMap(({ damaged: file }) => {
    const one = packages.find(({ sha256 }) => sha256 === file?.sha256);
    return file === undefined || one === undefined ? [] : [{ ...file, fullName: one.fullName, project: one.project }];
  });
  if (found.length === 0) return [];
  const present = (await listPresentSnapshots(context.db, target.name)).map(({ id }) => id);
  const holders = await context.repository(target).holdersOf(present, found);
  const refs = await listRefs(context.db, target.name);
  return found.map(({ fullName, sha256, fileName }, n) => {
    const snapshots = holders[n] ?? [];
    const having = new Set(snapshots);
    const pointing = refs.filter(({ snapshotHash }) => having.has(snapshotHash)).map(({ name }) => name);
    return { fullName, sha256, fileName, snapshots, refs: pointing };
  });
}
