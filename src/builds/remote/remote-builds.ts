import type {
  BuiltAnswer,
  BuiltBody,
  Order,
  PieceAnswer,
  PlanAnswer,
  RepositoryParts,
  VerifiedAnswer,
  VerifiedBody,
} from '../../api/index.ts';
import { countRunningOf, drainedSince, findAttempt, listQueuedProjects } from '../../db/index.ts';
import { createMutexes, TrunklineError } from '../../lib/index.ts';
import { claim, interrupt, leaseOf, release } from '../../queue/index.ts';
import type { AttemptReport } from '../conclude.ts';
import type { TrunkContext } from '../context.ts';
import { snapshotParts } from './candidate.ts';
import { holderName, requireLease, requireWork, targetsFor, type LeaseRequest } from './claim.ts';
import { orderOf } from './order.ts';
import { failAttempt } from './overlong.ts';
import type { Piece } from './pieces.ts';
import { believed, createPresence, type Introduction } from './presence.ts';
import { createSessions, type Session, type Sessions } from './session.ts';
import { planSession, takeBuilt, takeVerified } from './stages.ts';
import { takeLog } from './take-log.ts';
import { takePackage } from './take-package.ts';

export interface RemoteOptions {
  /** Milliseconds without a sign of life after which an attempt is somebody else's. */
  leaseMs: number;
  /** Told when an attempt has ended. */
  report?: (report: AttemptReport) => void;
}

export interface ClaimRequest extends Introduction {
  /** Targets for which it is ready. */
  ready: readonly string[];
  /** Milliseconds it waits for work. */
  wait: number;
}

/**
 * Builds that are made on other machines: what they ask, checked. Every question names an attempt and its lease; TrunklineError `lock_lost` answers one
 * that is not the asker's (any more). Everything may be asked twice.
 */
export interface RemoteBuilds {
  targets(who: Introduction): Promise<ReturnType<typeof targetsFor>>;
  /** Work, or null when there is none for so long. What nobody waits for any more goes back. @throws TrunklineError `worker_drained` */
  claim(request: ClaimRequest, signal: AbortSignal): Promise<Order | null>;
  heartbeat(request: LeaseRequest): Promise<void>;
  repository(request: LeaseRequest): Promise<RepositoryParts>;
  /** Where a file of the repository or the candidate lies. @throws TrunklineError `not_found` */
  indexFile(request: LeaseRequest, sha256: string): Promise<string>;
  /** Where a package of the target's repository lies. */
  poolFile(request: LeaseRequest, file: { sha256: string; fileName: string }): Promise<string>;
  plan(request: LeaseRequest, reported: string | null): Promise<PlanAnswer>;
  log(request: LeaseRequest, name: string, piece: Piece): Promise<PieceAnswer>;
  package(request: LeaseRequest, file: { sha256: string; size: number }, piece: Piece): Promise<PieceAnswer>;
  built(request: LeaseRequest, body: BuiltBody): Promise<BuiltAnswer>;
  verified(request: LeaseRequest, body: VerifiedBody): Promise<VerifiedAnswer>;
  /** The worker gives up: it is being stopped. */
  leave(request: LeaseRequest): Promise<void>;
}

/** Milliseconds between looks for work when nobody says that there is some, and for attempts that were cancelled or taken away. */
const LOOK = 500;
const UPKEEP = 5000;

export function openRemoteBuilds(context: TrunkContext, options: RemoteOptions): RemoteBuilds {
  const sessions = createSessions(context);
  const upkeep = createUpkeep(context, sessions);
  const presence = createPresence(context);
  const { leaseMs } = options;
  // Of this process: what one server has in hand of an attempt is no other's.
  const turns = createMutexes();
  /** One at a time for an attempt: a worker that asks again while it is still being answered waits. */
  const within = async <T>(request: LeaseRequest, work: (session: Session) => Promise<T>): Promise<T> =>
    turns.hold(String(request.attempt), async () => {
      const attempt = await requireLease(context, request, leaseMs);
      const session = await sessions.of(attempt);
      requireWork(context, request.principal, session.progress.target.name);
      return work(session);
    });
  const stage = { context, sessions, report: options.report ?? (() => undefined) };
  return {
    targets: async (who) => {
      await presence.introduced(who, null);
      return targetsFor(context, who.principal, believed(who.principal, who.profile));
    },
    claim: async (request, signal) => {
      await presence.introduced(request, readyFor(context, request));
      const end = performance.now() + request.wait;
      for (;;) {
        await refuseDrained(context, holderName(request.principal, request.name));
        const without = await upkeep();
        const order = await claimOnce(context, sessions, { ...request, without, leaseMs }, signal);
        const left = end - performance.now();
        if (order !== null || left <= 0 || signal.aborted) return order;
        await context.queueBell.wait(Math.min(LOOK, left), signal);
      }
    },
    heartbeat: async (request) => {
      await upkeep();
      await presence.lives((await requireLease(context, request, leaseMs)).worker);
    },
    repository: (request) => within(request, (session) => snapshotParts(context, session)),
    indexFile: (request, sha256) =>
      within(request, (session) => {
        const path = session.files.get(sha256);
        if (path !== undefined) return Promise.resolve(path);
        throw new TrunklineError('not_found', 'The repositories of this attempt have no such file');
      }),
    // Not within: many at once, while other things are asked.
    poolFile: async (request, file) => {
      const { target } = (await sessions.of(await requireLease(context, request, leaseMs))).progress;
      requireWork(context, request.principal, target.name);
      return context.repository(target).pathOf(file);
    },
    plan: (request, reported) => within(request, (session) => planSession(stage, session, reported)),
    log: (request, name, piece) => within(request, (session) => takeLog(session, name, piece)),
    package: (request, file, piece) => within(request, (session) => takePackage(session, file, piece)),
    built: (request, body) => within(request, (session) => takeBuilt(stage, session, body)),
    verified: (request, body) => within(request, (session) => takeVerified(stage, session, body)),
    leave: async (request) => {
      const attempt = await requireLease(context, request, leaseMs);
      await interrupt(context.db, attempt, context.now());
      await sessions.close(attempt.id);
    },
  };
}

/** @throws TrunklineError `worker_drained` */
async function refuseDrained({ db }: TrunkContext, worker: string): Promise<void> {
  if ((await drainedSince(db, worker)) === null) return;
  throw new TrunklineError('worker_drained', `${worker} is drained: it gets nothing more to build`, {
    hint: `trunkline workers resume ${worker}, on the server, lets it take builds again`,
  });
}

/** Names of the targets it may work for, fits and is ready for. */
function readyFor(
  context: TrunkContext,
  { principal, profile, ready }: Pick<ClaimRequest, 'principal' | 'profile' | 'ready'>,
): string[] {
  return targetsFor(context, principal, believed(principal, profile))
    .targets.map(({ name }) => name)
    .filter((name) => ready.includes(name));
}

async function claimOnce(
  context: TrunkContext,
  sessions: Sessions,
  { principal, name, profile, ready, without, leaseMs }: ClaimRequest & { without: readonly string[]; leaseMs: number },
  signal: AbortSignal,
): Promise<Order | null> {
  const names = readyFor(context, { principal, profile, ready });
  if (names.length === 0) return null;
  const held = () => countRunningOf(context.db, holderName(principal, ''));
  const most = principal.worker?.attempts ?? context.settings.server.workerAttempts;
  if ((await held()) >= most) return null;
  const worker = holderName(principal, name);
  const filter = { targets: names, without };
  const attempt = await claim(context.db, { worker, now: context.now(), leaseMs, filter });
  if (attempt === null) return null;
  // Asked again: many may have asked at once, of several servers.
  if (signal.aborted || (await held()) > most) {
    await release(context.db, leaseOf(attempt), context.now());
    return null;
  }
  try {
    const session = await sessions.open(attempt, { resume: false });
    return orderOf(context, session.progress, leaseMs);
  } catch (error) {
    await failAttempt(context, attempt, error);
    await sessions.close(attempt.id);
    return null;
  }
}

/** Now and then clears away what belongs to attempts that are over. Answers the projects that have builds in the queue and are not in the configuration (any more). */
function createUpkeep(context: TrunkContext, sessions: Sessions): () => Promise<readonly string[]> {
  const configured = new Set(context.settings.projects.map(({ name }) => name));
  let last = Number.NEGATIVE_INFINITY;
  let without: readonly string[] = [];
  return async () => {
    if (performance.now() < last + UPKEEP) return without;
    last = performance.now();
    without = (await listQueuedProjects(context.db)).filter((name) => !configured.has(name));
    for (const { progress } of sessions.list()) {
      const { id, lease } = progress.attempt;
      const now = await findAttempt(context.db, id);
      if (now?.state !== 'running' || now.lease !== lease) await sessions.close(id);
    }
    return without;
  };
}
