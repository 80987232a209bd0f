/** -1 when the first of two versions is older, 1 when it is newer, 0 when the package manager holds them for the same. */
export type Ordering = -1 | 0 | 1;

/**
 * Compares two single parts (both versions, or both releases) as rpm's `rpmvercmp` does: runs of digits by value, runs of letters by
 * ASCII, everything else only separates; `~` sorts below the end of the text, `^` above the end and below anything else.
 */
export function rpmvercmp(first: string, second: string): Ordering {
  let [a, b] = [first, second];
  if (a === b) return 0;
  while (a !== '' || b !== '') {
    a = a.replace(/^[^A-Za-z0-9~^]+/, '');
    b = b.replace(/^[^A-Za-z0-9~^]+/, '');
    const marked = compareMarks(a, b);
    if (marked === 'both') {
      a = a.slice(1);
      b = b.slice(1);
      continue;
    }
    if (marked !== undefined) return marked;
    if (a === '' || b === '') break;
    const numeric = /^[0-9]/.test(a);
    const run = numeric ? /^[0-9]+/ : /^[A-Za-z]+/;
    const x = run.exec(a)?.[0] ?? '';
    const y = run.exec(b)?.[0] ?? '';
    // Runs of different kinds: the number is the newer one.
    if (y === '') return numeric ? 1 : -1;
    const ordering = numeric ? compareDigits(x, y) : compareText(x, y);
    if (ordering !== 0) return ordering;
    a = a.slice(x.length);
    b = b.slice(y.length);
  }
  return a === b ? 0 : a === '' ? -1 : 1;
}

function compareMarks(a: string, b: string): Ordering | 'both' | undefined {
  if (a.startsWith('~') || b.startsWith('~')) {
    if (!a.startsWith('~')) return 1;
    return b.startsWith('~') ? 'both' : -1;
  }
  if (a.startsWith('^') || b.startsWith('^')) {
    if (a === '') return -1;
    if (b === '') return 1;
    if (!a.startsWith('^')) return 1;
    return b.startsWith('^') ? 'both' : -1;
  }
  return undefined;
}

/** Two runs of digits of any length, by value. */
export function compareDigits(first: string, second: string): Ordering {
  const a = first.replace(/^0+/, '');
  const b = second.replace(/^0+/, '');
  return a.length === b.length ? compareText(a, b) : a.length < b.length ? -1 : 1;
}

/** By code unit, which for ASCII is what C's strcmp does. */
export function compareText(a: string, b: string): Ordering {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** `[epoch:]version[-release]` in its parts, as rpm splits it: no epoch means 0, and a missing release is null. */
function splitEvr(evr: string): { epoch: string; version: string; release: string | null } {
  const colon = /^[0-9]*:/.exec(evr);
  const rest = colon === null ? evr : evr.slice(colon[0].length);
  const epoch = colon === null ? '' : colon[0].slice(0, -1);
  const hyphen = rest.lastIndexOf('-');
  return {
    epoch: epoch === '' ? '0' : epoch,
    version: hyphen < 0 ? rest : rest.slice(0, hyphen),
    release: hyphen < 0 ? null : rest.slice(hyphen + 1),
  };
}

/** Compares two `[epoch:]version[-release]` as rpm does (`rpm.vercmp`); one without a release is older than the same with one. */
export function compareRpmVersions(first: string, second: string): Ordering {
  const a = splitEvr(first);
  const b = splitEvr(second);
  const ordering = rpmvercmp(a.epoch, b.epoch) || rpmvercmp(a.version, b.version);
  if (ordering !== 0) return ordering;
  if (a.release === null || b.release === null) return a.release === b.release ? 0 : a.release === null ? -1 : 1;
  return rpmvercmp(a.release, b.release);
}
