import type { PinnedVersion } from '../builds/index.ts';
import type { Hold, RefMove } from '../db/index.ts';
import { isoTime } from './views.ts';

/** A move of a ref as `--json` gives it. */
export function refMoveView({ movedAt, fromHash, toHash, ...move }: RefMove) {
  return { ...move, from: fromHash, to: toHash, movedAt: isoTime(movedAt) };
}

/** A hold as `--json` gives it. */
export function holdView({ snapshotHash, createdAt, until, endedAt, ...hold }: Hold) {
  return {
    ...hold,
    snapshot: snapshotHash,
    createdAt: isoTime(createdAt),
    until: isoTime(until),
    endedAt: isoTime(endedAt),
  };
}

/** A pin as `--json` gives it. */
export function pinView(pin: Omit<PinnedVersion, 'snapshot'> & { snapshot?: string | null }) {
  const { id, project, target, version, upstreamHash, actor, reason } = pin;
  const times = { createdAt: isoTime(pin.createdAt), until: isoTime(pin.until) };
  const made = pin.snapshot === undefined ? {} : { snapshot: pin.snapshot };
  return { id, project, target, version, commit: upstreamHash, actor, reason, ...times, ...made };
}
