import { createTurns, TrunklineError, type Turns } from '../../lib/index.ts';

/** Snapshots of one target that wait while another's files are made. */
const WAITING = 4;
/** Snapshots of one target that are made within an hour because somebody asked: each takes room, and holds up what is published meanwhile. */
const AN_HOUR = 60;
const HOUR = 3_600_000;

export interface SnapshotPlace {
  target: string;
  hash: string;
}

/** What is needed to make files of snapshots again. */
export interface SnapshotMaker {
  /** Whether there is such a snapshot: what anybody makes up is looked at, and neither waited for nor counted. */
  isKnown: (place: SnapshotPlace) => Promise<boolean>;
  make: (place: SnapshotPlace) => Promise<unknown>;
  now: () => number;
}

/**
 * Makes what makes the files of a snapshot for those who ask over HTTP, and answers whether it did: for each target one at a time, few waiting, and so
 * many an hour. Those who ask for the same one wait for it together.
 * @throws TrunklineError `rate_limited` with `retryAfter`
 */
export function createAgain({ isKnown, make, now }: SnapshotMaker): (place: SnapshotPlace) => Promise<boolean> {
  const targets = new Map<string, { inTurn: Turns; made: number[] }>();
  const making = new Map<string, Promise<unknown>>();
  const begin = (place: SnapshotPlace) => {
    const turn = targets.get(place.target) ?? { inTurn: createTurns(1, WAITING, TOO_MANY), made: [] };
    targets.set(place.target, turn);
    return turn.inTurn(async () => {
      turn.made = turn.made.filter((at) => at > now() - HOUR);
      const [first = 0] = turn.made;
      if (turn.made.length >= AN_HOUR)
        throw new TrunklineError('rate_limited', TOO_MANY.what, {
          hint: 'ask for a newer one, or wait',
          retryAfter: Math.max(1, (first + HOUR - now()) / 1000),
        });
      turn.made.push(now());
      await make(place);
    });
  };
  return async (place) => {
    const key = `${place.target} ${place.hash}`;
    if (!making.has(key)) {
      if (!(await isKnown(place))) return false;
      // Somebody else may have begun while that was looked up.
      if (!making.has(key))
        making.set(
          key,
          begin(place).finally(() => making.delete(key)),
        );
    }
    await making.get(key);
    return true;
  };
}

const TOO_MANY = {
  what: 'Too many snapshots are being made again',
  hint: 'try again in a few seconds',
};
