/** What was said about something before it is removed. */
export interface Promised {
  /** Milliseconds since the epoch: not to be removed before. */
  goesAt: number;
  /** How many people were told. */
  told: number;
}

/** Something that is there. */
export interface Present {
  id: string;
  announced: Promised | null;
}

export interface Rule {
  now: number;
  /** Remove at once what nobody was told of. */
  immediate: boolean;
}

/** What becomes of what is there. All that is in none of the lists stays as it is. */
export interface Decision {
  remove: readonly string[];
  announce: readonly string[];
  /** Announced, and taken up by something meanwhile. */
  withdraw: readonly string[];
  /** Announced, and its time has not come. */
  waiting: readonly string[];
}

/** What becomes of snapshots: what is kept stays, the rest is announced, and removed when its time has come. */
export function decideSnapshots(present: readonly Present[], kept: ReadonlySet<string>, rule: Rule): Decision {
  const fates = Map.groupBy(present, ({ id, announced }) => {
    if (kept.has(id)) return announced === null ? 'stay' : 'withdraw';
    if (announced === null) return rule.immediate ? 'remove' : 'announce';
    if (announced.goesAt <= rule.now || (rule.immediate && announced.told === 0)) return 'remove';
    return 'waiting';
  });
  const ids = (fate: Parameters<typeof fates.get>[0]) => (fates.get(fate) ?? []).map(({ id }) => id);
  return { remove: ids('remove'), announce: ids('announce'), withdraw: ids('withdraw'), waiting: ids('waiting') };
}

/**
 * What becomes of packages: they go with the last snapshot that has them. `keptBy` are those in kept snapshots, `remaining` those in snapshots that are
 * there afterwards.
 */
export function decidePackages(
  present: readonly (Present & { isAnnounced: boolean })[],
  { keptBy, remaining }: { keptBy: ReadonlySet<string>; remaining: ReadonlySet<string> },
): Omit<Decision, 'waiting'> {
  const fates = Map.groupBy(present, ({ id, isAnnounced }) => {
    if (!remaining.has(id)) return 'remove';
    if (keptBy.has(id)) return isAnnounced ? 'withdraw' : 'stay';
    return isAnnounced ? 'stay' : 'announce';
  });
  const ids = (fate: Parameters<typeof fates.get>[0]) => (fates.get(fate) ?? []).map(({ id }) => id);
  return { remove: ids('remove'), announce: ids('announce'), withdraw: ids('withdraw') };
}
