import { rm } from 'node:fs/promises';
import type { QueuedAttempt } from '../db/index.ts';
import { TrunklineError } from '../lib/index.ts';
import type { Supplements } from '../model/index.ts';
import { beginAttempt, type AttemptInProgress } from './begin.ts';
import { concludeAttempt, recordSuccess, type AttemptOutcome, type AttemptReport } from './conclude.ts';
import type { TrunkContext } from './context.ts';
import { failureOf, stopsEverything, waitsForMending, type Failure } from './failure.ts';
import { planBuildVersion, readSupplements } from './plan.ts';
import { placeSnapshot } from './publish/index.ts';
import { gatherReport, makePackages, requireBuilder } from './run/index.ts';
import { requireHeld } from './settle.ts';
import { checkInstall, currentSnapshot } from './verify.ts';

/**
 * Makes a claimed attempt here: source, build, install check, publication. A failure of the build is part of the answer.
 * @throws when it was aborted, or the result could not be recorded: the lease was lost, or the database is out of reach.
 */
export async function performAttempt(
  context: TrunkContext,
  attempt: QueuedAttempt,
  signal: AbortSignal,
): Promise<AttemptReport> {
  const progress = await beginAttempt(context, attempt, signal);
  return concludeAttempt(context, progress, await outcomeOf(context, progress));
}

/** What came of it, an error included. @throws what ends the attempt without a result */
async function outcomeOf(context: TrunkContext, progress: AttemptInProgress): Promise<AttemptOutcome> {
  const { build, attempt, signal } = progress;
  try {
    return { failure: await buildAndPublish(context, progress), fatal: false, untilMended: false };
  } catch (error) {
    if (!signal.aborted && !isLost(error)) {
      context.log.debug({ err: error, build: build.id, attempt: attempt.number }, 'the attempt ended with an error');
      return { failure: failureOf(error), fatal: stopsEverything(error), untilMended: waitsForMending(error) };
    }
    await rm(progress.scratch, { recursive: true, force: true });
    throw error;
  }
}

function isLost(error: unknown): boolean {
  return error instanceof TrunklineError && error.code === 'lock_lost';
}

/** The whole way of a build. Answers what made it fail; null when it is published and recorded. */
async function buildAndPublish(context: TrunkContext, progress: AttemptInProgress): Promise<Failure | null> {
  const { revision, target, timings, inputs, logs, scratch, signal } = progress;
  inputs.builderVersion = await requireBuilder(context, target).version();
  const format = context.formats[target.format];
  let supplements: Supplements = {};
  const built = await makePackages(context, progress, {
    plan: async (packaging) => {
      const planned = await planBuildVersion(context, progress, {
        packaging: format.readPackaging(packaging),
        report: () => gatherReport(context, progress),
      });
      supplements = await readSupplements(context, progress, packaging, planned.inputs);
      return planned;
    },
    repository: inputs.snapshot === null ? null : context.repository(target).local(inputs.snapshot),
  });
  inputs.buildroot = built.buildroot;
  if (built.failure !== null) return built.failure;
  const { packages } = built;
  const check = { target, revision, packages, supplements, scratch, logs, signal, timings };
  const passed = await checkInstall(context, check, await currentSnapshot(context, target));
  inputs.installed = passed.installed;
  if (passed.failure !== null) return passed.failure;
  return context.mutexes.hold(`publish ${target.name}`, async () => {
    await requireHeld(context, progress);
    const placed = await placeSnapshot(context, { ...check, passed });
    if ('reason' in placed) return placed;
    await recordSuccess(context, progress, placed, packages);
    return null;
  });
}
