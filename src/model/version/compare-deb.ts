import { compareDigits, type Ordering } from './compare-rpm.ts';

/** dpkg's weight of a character in a run without digits: `~` below the end of the run, letters above it, all others above letters. */
function weight(character: string | undefined): number {
  if (character === undefined) return 0;
  if (character === '~') return -1;
  const code = character.codePointAt(0) ?? 0;
  return /[A-Za-z]/.test(character) ? code : code + 256;
}

/** Compares two upstream versions, or two Debian revisions, as dpkg's `verrevcmp` does (Debian Policy 5.6.12). */
export function verrevcmp(first: string, second: string): Ordering {
  let [a, b] = [first, second];
  while (a !== '' || b !== '') {
    const x = /^[^0-9]*/.exec(a)?.[0] ?? '';
    const y = /^[^0-9]*/.exec(b)?.[0] ?? '';
    for (let index = 0; index < Math.max(x.length, y.length); index += 1) {
      const difference = weight(x[index]) - weight(y[index]);
      if (difference !== 0) return difference < 0 ? -1 : 1;
    }
    a = a.slice(x.length);
    b = b.slice(y.length);
    const m = /^[0-9]*/.exec(a)?.[0] ?? '';
    const n = /^[0-9]*/.exec(b)?.[0] ?? '';
    const ordering = compareDigits(m, n);
    if (ordering !== 0) return ordering;
    a = a.slice(m.length);
    b = b.slice(n.length);
  }
  return 0;
}

/** `[epoch:]upstream[-revision]` in its parts; what is missing counts as 0. */
function splitDeb(version: string): { epoch: string; upstream: string; revision: string } {
  const colon = version.indexOf(':');
  const rest = colon < 0 ? version : version.slice(colon + 1);
  const hyphen = rest.lastIndexOf('-');
  return {
    epoch: colon < 0 ? '0' : version.slice(0, colon),
    upstream: hyphen < 0 ? rest : rest.slice(0, hyphen),
    revision: hyphen < 0 ? '' : rest.slice(hyphen + 1),
  };
}

/** Compares two `[epoch:]upstream[-revision]` as `dpkg --compare-versions` does. */
export function compareDebVersions(first: string, second: string): Ordering {
  const a = splitDeb(first);
  const b = splitDeb(second);
  return compareDigits(a.epoch, b.epoch) || verrevcmp(a.upstream, b.upstream) || verrevcmp(a.revision, b.revision);
}
