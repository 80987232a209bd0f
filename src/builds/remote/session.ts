import { rm } from 'node:fs/promises';
import type { QueuedAttempt } from '../../db/index.ts';
import { createMutexes } from '../../lib/index.ts';
import type { PackageFile, Supplements } from '../../model/index.ts';
import { beginAttempt, type AttemptInProgress } from '../begin.ts';
import type { TrunkContext } from '../context.ts';
import { endLogs, type ReceivedLog } from './take-log.ts';

/** What was sent to be verified. */
export interface SentCandidate {
  id: string;
  /** The snapshot it follows. */
  against: string | null;
}

/** An attempt that is being made on another machine, as far as this process knows of it: all of it can be had again after a restart. */
export interface Session {
  progress: AttemptInProgress;
  /** Aborted when the attempt is a worker's no more. */
  end: AbortController;
  /** By name. */
  logs: Map<string, ReceivedLog>;
  /** What arrived whole, by digest, with its size. */
  staged: Map<string, number>;
  /** Files the worker may fetch besides packages, by digest. */
  files: Map<string, string>;
  /** The packages as this machine read them; null before they have all come. */
  packages: readonly PackageFile[] | null;
  /** The files they were read from, as the worker listed them. */
  read: string | null;
  /** What the packaging says of the repository besides. */
  supplements: Supplements;
  candidate: SentCandidate | null;
}

export interface Sessions {
  open(attempt: QueuedAttempt, options: { resume: boolean }): Promise<Session>;
  /** The session of an attempt, also of one that was begun before this process was. */
  of(attempt: QueuedAttempt): Promise<Session>;
  close(attemptId: number): Promise<void>;
  list(): readonly Session[];
}

export function createSessions(context: TrunkContext): Sessions {
  const sessions = new Map<number, Session>();
  const turns = createMutexes();
  const sessionsOf: Sessions = {
    async open(attempt, options) {
      await sessionsOf.close(attempt.id);
      const end = new AbortController();
      const progress = await beginAttempt(context, attempt, end.signal, options);
      const session = {
        ...{ progress, end, packages: null, read: null, supplements: {}, candidate: null },
        logs: new Map(),
        staged: new Map(),
        files: new Map(),
      };
      sessions.set(attempt.id, session);
      return session;
    },
    of: (attempt) =>
      turns.hold(String(attempt.id), async () => {
        const known = sessions.get(attempt.id);
        if (known?.progress.attempt.lease === attempt.lease) return known;
        return sessionsOf.open(attempt, { resume: true });
      }),
    async close(attemptId) {
      const session = sessions.get(attemptId);
      if (session === undefined) return;
      sessions.delete(attemptId);
      session.end.abort();
      await endLogs(session).catch((error: unknown) => {
        context.log.warn({ err: error, attempt: attemptId }, 'the end of its logs could not be written');
      });
      await rm(session.progress.scratch, { recursive: true, force: true });
    },
    list: () => [...sessions.values()],
  };
  return sessionsOf;
}
