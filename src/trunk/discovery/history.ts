/** What discovery has found before, of one project's packaging in one format. Only the trunk: a commit seen in a proposed change does not count. */
export interface History {
  /** Which of these upstream commits there are revisions of. */
  processed(upstream: readonly string[]): Promise<ReadonlySet<string>>;
  /** Whether there is a revision of this pair. */
  hasPair(upstream: string, distgit: string): Promise<boolean>;
}

/** A history that is held in memory. */
export function historyOf(pairs: Iterable<{ upstream: string; distgit: string }>): History {
  const upstreams = new Set<string>();
  const known = new Set<string>();
  for (const { upstream, distgit } of pairs) {
    upstreams.add(upstream);
    known.add(`${upstream} ${distgit}`);
  }
  return {
    processed: (hashes) => Promise.resolve(new Set(hashes.filter((hash) => upstreams.has(hash)))),
    hasPair: (upstream, distgit) => Promise.resolve(known.has(`${upstream} ${distgit}`)),
  };
}
