import type { BuildResult, FailureReason, SkipReason, VotedKind, VoteResult } from '../model/index.ts';

/** What there is to say of each kind of event. Ids only: whoever tells of it reads the rest, as it then stands. */
interface Payloads {
  /** An attempt came to an end that will not be retried by itself. */
  build_finished: {
    project: string;
    target: string;
    buildId: number;
    /** null when a build was cancelled that no attempt had been made at. */
    attemptId: number | null;
    /** The attempt's; a build that has been published stays a success whatever a later attempt comes to. */
    result: BuildResult;
    reason: FailureReason | SkipReason | null;
  };
  /** A project broke: its oldest failure that no success comes after, in history order. */
  build_failed_first: {
    project: string;
    target: string;
    buildId: number;
    /** The newest success, or null for a project that never had one. */
    lastSuccess: number | null;
  };
  /** A broken project is whole again: its newest success. */
  build_recovered: {
    project: string;
    target: string;
    buildId: number;
    /** The failure the maintainers were told of. */
    brokenBy: number | null;
  };
  /** Packages built elsewhere were brought in. */
  packages_uploaded: { project: string; target: string; uploadId: number };
  /** The garbage collector said what goes, and when. One event for each person who is told. */
  gc_announced: { target: string; announcementId: number; address: string };
  /** A ref was made (`from` is null) or moved. */
  ref_moved: { target: string; name: string; from: string | null; to: string; actor: string };
  /** A ref was taken away; `from` is where it pointed. */
  ref_removed: { target: string; name: string; from: string; actor: string };
  /** A CI system said something of a build or a snapshot. */
  voted: {
    target: string;
    voteId: number;
    votedKind: VotedKind;
    buildId: number | null;
    snapshot: string | null;
    job: string;
    result: VoteResult;
    actor: string;
  };
  /** A snapshot was given a name. */
  promoted: {
    target: string;
    name: string;
    snapshot: string;
    buildId: number | null;
    promotionId: number;
    actor: string;
  };
  /** A promotion was taken back; `to` is where the ref points now; null: it is there no more. */
  demoted: {
    target: string;
    name: string;
    snapshot: string;
    to: string | null;
    promotionId: number;
    actor: string;
  };
  /** Somebody outside is to be told of an event. One for each of them. */
  webhook_due: {
    /** As the configuration calls it. */
    webhook: string;
    eventId: number;
    type: string;
    at: number;
    data: Readonly<Record<string, string | number | boolean | null>>;
  };
}

export type EventKind = keyof Payloads;

export type TrunklineEvent = { [K in EventKind]: { kind: K } & Payloads[K] }[EventKind];

/** What events are about: those of one topic are delivered in the order they happened. */
export function topicOf(event: TrunklineEvent): string {
  switch (event.kind) {
    case 'build_finished':
    case 'build_failed_first':
    case 'build_recovered':
    case 'packages_uploaded':
      return `project/${event.project}/${event.target}`;
    case 'gc_announced':
      return `gc/${String(event.announcementId)}/${event.address}`;
    case 'ref_moved':
    case 'ref_removed':
    case 'promoted':
    case 'demoted':
      return `ref/${event.target}/${event.name}`;
    case 'webhook_due':
      return `webhook/${event.webhook}/${String(event.eventId)}`;
    case 'voted':
      return `votes/${event.target}/${event.snapshot ?? String(event.buildId)}`;
  }
}
