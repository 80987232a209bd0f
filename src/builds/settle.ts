import { insertPackages, insertSnapshot, isConsistent, moveRef, type Tx } from '../db/index.ts';
import { emit } from '../events/index.ts';
import type { PackageFile } from '../model/index.ts';
import { finishAttempt, leaseOf, retryOrFinish } from '../queue/index.ts';
import type { AttemptInProgress } from './attempt.ts';
import type { TrunkContext } from './context.ts';
import type { Failure } from './failure.ts';
import type { Placed } from './publish/index.ts';

/**
 * Records a success: attempt, build, packages, snapshot, refs and events, in one transaction.
 * @throws TrunklineError `lock_lost` when the lease is not ours any more; nothing is recorded then.
 */
export async function settleSuccess(
  context: TrunkContext,
  progress: AttemptInProgress,
  placed: Placed,
  packages: readonly PackageFile[],
): Promise<void> {
  const now = context.now();
  const { attempt, build, inputs, timings } = progress;
  const { snapshot, parent, packageCount, indexTime } = placed;
  await context.db.transaction(async (tx) => {
    const record = {
      target: build.target,
      hash: snapshot,
      parentHash: parent,
      buildId: build.id,
      packageCount,
      indexTime,
    };
    await insertSnapshot(tx, { ...record, createdAt: now });
    await insertPackages(tx, packages.map(published(progress)), now);
    const work = { result: 'success', reason: null, detail: null, snapshot, inputs, timings } as const;
    await finishAttempt(tx, leaseOf(attempt), work, now);
    if (placed.newest) await moveCurrent(context, tx, progress, placed, now);
  });
}

/** Records a failure. Answers when it is tried again (milliseconds since the epoch), or null when the build is finished. */
export async function settleFailure(
  context: TrunkContext,
  { attempt, inputs, timings }: AttemptInProgress,
  failure: Failure,
): Promise<number | null> {
  const work = { result: 'failure', reason: failure.reason, detail: failure.detail, inputs, timings } as const;
  const rule = { maxRetries: context.settings.maxRetries, now: context.now() };
  const { retry } = await retryOrFinish(context.db, leaseOf(attempt), work, rule);
  return retry?.notBefore ?? null;
}

function published({ attempt, build }: AttemptInProgress) {
  return ({ identity, sha256, size, companions }: PackageFile) => ({
    target: build.target,
    buildId: build.id,
    attemptId: attempt.id,
    name: identity.name,
    fullName: identity.fullName,
    fileName: identity.fileName,
    arch: identity.arch,
    kind: identity.kind,
    sha256,
    unsignedSha256: sha256,
    size,
    companions: companions.map(({ fileName, sha256: digest, size: bytes }) => ({
      fileName,
      sha256: digest,
      size: bytes,
    })),
  });
}

/** `current` follows the newest success; `consistent` goes with it when nothing of the target is broken (DLRN's meaning). */
async function moveCurrent(
  context: TrunkContext,
  tx: Tx,
  { build }: AttemptInProgress,
  { snapshot, parent }: Placed,
  now: number,
): Promise<void> {
  const { target } = build;
  const reason = `build ${String(build.id)} of ${build.project}`;
  const move = async (name: string, from?: string | null) => {
    const order = { target, name, to: snapshot, actor: 'system', reason, now };
    const moved = await moveRef(tx, from === undefined ? order : { ...order, from });
    if (moved !== null)
      await emit(tx, { kind: 'ref_moved', target, name, from: moved.fromHash, to: snapshot, actor: 'system' }, now);
  };
  await move('current', parent);
  const projects = context.settings.projects.filter((one) => one.targets.includes(target)).map(({ name }) => name);
  if (await isConsistent(tx, target, projects)) await move('consistent');
}
