import type { BuiltAnswer, BuiltBody, PlanAnswer, VerifiedAnswer, VerifiedBody } from '../../api/index.ts';
import { TrunklineError } from '../../lib/index.ts';
import { leaseOf, recordProgress } from '../../queue/index.ts';
import { concludeAttempt, recordSuccess, type AttemptReport } from '../conclude.ts';
import type { TrunkContext } from '../context.ts';
import { failureOf, oneLine, stopsEverything, waitsForMending, type Failure } from '../failure.ts';
import { planBuildVersion, readSupplements } from '../plan.ts';
import { placeIfHolds } from '../publish/index.ts';
import { gatherPackaging } from '../run/index.ts';
import { requireHeld } from '../settle.ts';
import { missingOf, noteAccount, readPackages } from './account.ts';
import { checkOf, offerCandidate } from './candidate.ts';
import type { Session, Sessions } from './session.ts';
import { endLogs, longLog } from './take-log.ts';

export interface StageContext {
  context: TrunkContext;
  sessions: Sessions;
  report: (report: AttemptReport) => void;
}

interface Ended {
  next: 'ended';
  failure: Failure | null;
}

/** The version of an attempt's build; where the project itself has to be asked, what it says has to come with the question. */
export function planSession(stage: StageContext, session: Session, reported: string | null): Promise<PlanAnswer> {
  const { context } = stage;
  const { progress } = session;
  return orEnd<PlanAnswer>(stage, session, async () => {
    const asked = { report: false };
    const report = () => {
      if (reported !== null) return Promise.resolve(reported);
      asked.report = true;
      throw new TrunklineError('source_invalid', 'The project has to be asked for its version');
    };
    const files = await gatherPackaging(context, progress);
    const packaging = context.formats[progress.target.format].readPackaging(files);
    try {
      const { version, inputs } = await planBuildVersion(context, progress, { packaging, report });
      progress.revision = { ...progress.revision, versionInputs: inputs };
      // Refused before anything is built for nothing.
      await readSupplements(context, progress, files, inputs);
      await recordProgress(context.db, leaseOf(progress.attempt), { inputs: progress.inputs });
      return { next: 'build', version, inputs };
    } catch (error) {
      if (asked.report) return { next: 'report' };
      throw error;
    }
  });
}

/** What came of a build: its end when it failed, the packages that are missing, or the repository to install them from. */
export function takeBuilt(stage: StageContext, session: Session, body: BuiltBody): Promise<BuiltAnswer> {
  return orEnd<BuiltAnswer>(stage, session, async () => {
    noteAccount(session, body);
    const said = body.failure === null ? null : { ...body.failure, detail: oneLine(body.failure.detail) };
    const failed = (await longLog(session)) ?? said;
    if (failed !== null) return end(stage, session, failed);
    const missing = missingOf(session, body);
    if (missing.length > 0) return { next: 'upload', missing };
    // Said again because the answer was long in coming: what was read once is known.
    const listed = JSON.stringify(body.files);
    if (session.packages === null || session.read !== listed) {
      const { packages, failure } = await readPackages(stage.context, session, body);
      if (failure !== null) return end(stage, session, failure);
      Object.assign(session, { packages, read: listed });
    }
    return offerCandidate(stage.context, session);
  });
}

/** What came of the install check: the end, or another repository to check, when packages it depended on are others by now. */
export function takeVerified(stage: StageContext, session: Session, body: VerifiedBody): Promise<VerifiedAnswer> {
  const { context } = stage;
  const { progress, packages, candidate } = session;
  return orEnd<VerifiedAnswer>(stage, session, async () => {
    if (packages === null || candidate?.id !== body.candidate) return { next: 'built' };
    Object.assign(progress.timings, body.timings);
    progress.inputs.installed = body.installed;
    if (body.failure !== null) return end(stage, session, { ...body.failure, detail: oneLine(body.failure.detail) });
    const passed = { failure: null, installed: body.installed, against: candidate.against };
    const published = await context.mutexes.hold(`publish ${progress.target.name}`, async () => {
      await requireHeld(context, progress);
      const placed = await placeIfHolds(context, { ...checkOf(session), passed });
      if (placed === null) return false;
      await recordSuccess(context, progress, placed, packages);
      return true;
    });
    return published ? end(stage, session, null) : offerCandidate(context, session);
  });
}

/** An error of the build's ends the attempt; trouble of this machine is told, and the worker tries again while it has the lease. */
async function orEnd<T>(stage: StageContext, session: Session, work: () => Promise<T>): Promise<T | Ended> {
  try {
    return await work();
  } catch (error) {
    const { progress } = session;
    const lost = error instanceof TrunklineError && error.code === 'lock_lost';
    if (lost) await stage.sessions.close(progress.attempt.id);
    if (lost || stopsEverything(error)) throw error;
    const { build, attempt } = progress;
    stage.context.log.debug(
      { err: error, build: build.id, attempt: attempt.number },
      'the attempt ended with an error',
    );
    return end(stage, session, failureOf(error), waitsForMending(error));
  }
}

async function end(
  { context, sessions, report }: StageContext,
  session: Session,
  failure: Failure | null,
  untilMended = false,
): Promise<Ended> {
  try {
    await endLogs(session);
    report(await concludeAttempt(context, session.progress, { failure, fatal: false, untilMended }));
  } finally {
    await sessions.close(session.progress.attempt.id);
  }
  return { next: 'ended', failure };
}
