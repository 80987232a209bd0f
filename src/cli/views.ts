import type { BuildWithRevision, QueuedAttempt, Summary } from '../db/index.ts';
import { describeWaits, type Waits } from '../model/index.ts';
import type { Cell, Column } from './table.ts';

/** A time as people read it, UTC. */
export function time(milliseconds: number | null): string | null {
  return milliseconds === null ? null : new Date(milliseconds).toISOString().replace('T', ' ').slice(0, 16);
}

/** A time as programs read it. */
export function isoTime(milliseconds: number | null): string | null {
  return milliseconds === null ? null : new Date(milliseconds).toISOString();
}

/** A build as `--json` gives it. */
export function buildView({ build, revision }: BuildWithRevision) {
  const { createdAt, finishedAt, revisionId, ...rest } = build;
  return {
    ...rest,
    revision: revisionId,
    sequence: revision.sequence,
    upstream: revision.upstream,
    distgit: revision.distgit,
    createdAt: isoTime(createdAt),
    finishedAt: isoTime(finishedAt),
  };
}

/** Why something waits, as `--json` gives it. */
export function waitsView(waits: Waits | null) {
  return waits === null ? null : { ...waits, startsAt: time(waits.startsAt) };
}

/** The same for people. */
export function waitsLine(waits: Waits): string {
  const at = time(waits.startsAt);
  return `  waits     ${describeWaits(waits)}${at === null ? '' : `; begins about ${at}`}`;
}

/** An attempt as `--json` gives it. */
export function attemptView(attempt: QueuedAttempt, waits: Waits | null) {
  const { startedAt, finishedAt, notBefore, leaseExpiresAt, ...rest } = attempt;
  return {
    ...rest,
    notBefore: isoTime(notBefore),
    leaseExpiresAt: isoTime(leaseExpiresAt),
    startedAt: isoTime(startedAt),
    finishedAt: isoTime(finishedAt),
    waits: waitsView(waits),
  };
}

export const BUILD_COLUMNS: readonly Column[] = [
  { title: 'ID', align: 'right' },
  { title: 'PROJECT' },
  { title: 'TARGET' },
  { title: 'COMMIT' },
  { title: 'STATE' },
  { title: 'FINISHED' },
  { title: 'SUBJECT' },
  { title: 'WHY' },
];

export function buildRow({ build, revision }: BuildWithRevision): Cell[] {
  const { hash, subject } = revision.upstream;
  return [
    build.id,
    build.project,
    build.target,
    hash.slice(0, 10),
    stateCell(build.state, build.result, build.reason),
    time(build.finishedAt),
    subject.length > 48 ? `${subject.slice(0, 47)}…` : subject,
    build.detail,
  ];
}

/** `success`, `failure: build_failed`, `pending`. */
export function stateCell(state: string, result: string | null, reason: string | null): Cell {
  if (state !== 'finished') return { text: state, style: 'cyan' };
  const text = reason === null ? (result ?? state) : `${result ?? state}: ${reason}`;
  return { text, style: result === 'success' ? 'green' : result === 'failure' ? 'red' : 'dim' };
}

const DAY = 86_400_000;

/** A line of `trunkline status` as `--json` gives it. */
export function statusView(summary: Summary, now: number) {
  const { newest, firstFailure, lastSuccess, ...rest } = summary;
  const at = lastSuccess?.finishedAt ?? null;
  return {
    ...rest,
    newest,
    firstFailure: firstFailure && { ...firstFailure, finishedAt: isoTime(firstFailure.finishedAt) },
    lastSuccess: lastSuccess && { ...lastSuccess, finishedAt: isoTime(at) },
    daysSinceLastSuccess: at === null ? null : Math.floor((now - at) / DAY),
  };
}
