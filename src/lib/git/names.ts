/** Whether `name` may stand for a commit: a full object name, SHA-1 or SHA-256, in lower-case hexadecimal. */
export function isCommitHash(name: string): boolean {
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(name);
}

/** Whether git takes `name` as a branch: the rules of git-check-ref-format(1) with `--branch`, without its `@{-n}`. */
export function isBranchName(name: string): boolean {
  if (name === '' || name === '@' || name === 'HEAD' || name.startsWith('-')) return false;
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|^\/|[/.]$/.test(name)) return false;
  return name.split('/').every((part) => !part.startsWith('.') && !part.endsWith('.lock'));
}

/** The names in `candidates` that resemble `name` most, at most `count`, best first: by edit distance, then alphabetically. */
export function closestNames(name: string, candidates: readonly string[], count: number): string[] {
  const scored = candidates.map((candidate) => ({ candidate, distance: editDistance(name, candidate) }));
  scored.sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1));
  return scored.slice(0, count).map(({ candidate }) => candidate);
}

/** Levenshtein distance of the first 60 characters. */
function editDistance(a: string, b: string): number {
  const [left, right] = [a.slice(0, 60), b.slice(0, 60)];
  let row = Array.from({ length: right.length + 1 }, (_, n) => n);
  for (let i = 0; i < left.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < right.length; j++) {
      const substituted = (row[j] ?? 0) + (left[i] === right[j] ? 0 : 1);
      next.push(Math.min(substituted, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
