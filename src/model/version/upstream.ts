import { compareDigits, compareText, rpmvercmp, type Ordering } from './compare-rpm.ts';

/** A version as upstream states it, in PEP 440's terms, which cover what tags of other ecosystems say too. Numbers are digits without bounds of value. */
export interface UpstreamVersion {
  /** As the tag, the metadata or the script says it, without prefix. */
  text: string;
  /** PEP 440's own epoch (`1!2.0`), 0 when there is none. */
  epoch: number;
  /** `1.2.3` as `['1', '2', '3']`, leading zeros kept. */
  numbers: readonly string[];
  pre: { kind: 'a' | 'b' | 'rc'; number: string } | null;
  post: string | null;
  dev: string | null;
  /** What stands behind `+`, in lower case with dots. */
  local: string | null;
}

/** A version with a letter behind its number: `1.2.3a` is a later release in one project and an early alpha in another. */
export interface LetterVersion {
  text: string;
  letter: true;
  numbers: readonly string[];
}

const MAX_LENGTH = 100;
const MAX_NUMBERS = 8;
/** Room for a date with time, `20260102030405`, and not for what only means to be larger than everything. */
const MAX_DIGITS = 14;
const PRE_KINDS: Readonly<Record<string, 'a' | 'b' | 'rc'>> = {
  a: 'a',
  alpha: 'a',
  b: 'b',
  beta: 'b',
  c: 'rc',
  rc: 'rc',
  pre: 'rc',
  preview: 'rc',
};

/**
 * Reads `1.2.3`, `1.2.3rc1`, `1.2.3-beta.2`, `1.2.3.0rc1`, `1.0.dev4`, `1.2.post1`, `1.2.3+local.1`, `1_2_3`: PEP 440 in all its spellings, and
 * the common ones beside it. Returns null for anything else, whatever it is: nothing but ASCII letters, digits, dots and dashes gets through.
 */
export function parseUpstreamVersion(text: string): UpstreamVersion | LetterVersion | null {
  if (text.length > MAX_LENGTH) return null;
  let rest = text.toLowerCase();
  const take = (pattern: RegExp): RegExpExecArray | null => {
    const found = pattern.exec(rest);
    if (found !== null) rest = rest.slice(found[0].length);
    return found;
  };
  const epoch = Number(take(/^([0-9]{1,3})!/)?.[1] ?? '0');
  const numbers = take(/^[0-9]+(?:[._][0-9]+)*/)?.[0].split(/[._]/) ?? [];
  if (numbers.length === 0 || numbers.length > MAX_NUMBERS || numbers.some((number) => number.length > MAX_DIGITS))
    return null;
  if (/^[-._]?(?:[abc]|[d-qs-z][0-9]*|r)$/.test(rest)) return { text, letter: true, numbers };
  const pre = take(/^[-._~]?(alpha|beta|preview|pre|rc|a|b|c)[-._]?([0-9]*)(?![a-z])/);
  const post = take(/^[-._]?(?:post|rev|r)[-._]?([0-9]*)(?![a-z])/) ?? take(/^-([0-9]+)/);
  const dev = take(/^[-._~]?dev[-._]?([0-9]*)(?![a-z])/);
  const local = take(/^\+([a-z0-9]+(?:[-._][a-z0-9]+)*)/);
  if (pre === null && post === null && dev === null && local === null) take(/^[-._]?(?:final|ga|release)$/);
  if (rest !== '') return null;
  const counts = [pre?.[2], post?.[1], dev?.[1]];
  if (counts.some((count) => (count ?? '').length > MAX_DIGITS)) return null;
  const kind = PRE_KINDS[pre?.[1] ?? ''];
  return {
    text,
    epoch,
    numbers: withoutFillingZero(numbers, pre !== null || dev !== null),
    pre: kind === undefined ? null : { kind, number: plain(pre?.[2]) },
    post: post === null ? null : plain(post[1]),
    dev: dev === null ? null : plain(dev[1]),
    local: local?.[1]?.replace(/[-_]/g, '.') ?? null,
  };
}

/** OpenStack tags the candidates of 1.2.3 as `1.2.3.0rc1`; rpm and dpkg would hold 1.2.3.0 for newer than 1.2.3. */
function withoutFillingZero(numbers: readonly string[], before: boolean): readonly string[] {
  return before && numbers.length > 3 && numbers.at(-1) === '0' ? numbers.slice(0, -1) : numbers;
}

/** PEP 440: a missing number is 0. */
function plain(digits: string | undefined): string {
  const stripped = (digits ?? '').replace(/^0+/, '');
  return stripped === '' ? '0' : stripped;
}

/** Whether two versions are of one release, as 1.2 and 1.2.0rc1 are. */
export function sameRelease(a: readonly string[], b: readonly string[]): boolean {
  return compareNumbers(a, b) === 0;
}

/** By value, with missing numbers as 0: 1.2 and 1.2.0 are the same (PEP 440). */
export function compareNumbers(a: readonly string[], b: readonly string[]): Ordering {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const ordering = compareDigits(a[index] ?? '0', b[index] ?? '0');
    if (ordering !== 0) return ordering;
  }
  return 0;
}

/** Version order: PEP 440's, `dev < a < b < rc < final < local < post`. Local labels go by rpm's comparison. */
export function compareUpstreamVersions(a: UpstreamVersion, b: UpstreamVersion): Ordering {
  return (
    (Math.sign(a.epoch - b.epoch) as Ordering) ||
    compareNumbers(a.numbers, b.numbers) ||
    compareText(preRank(a), preRank(b)) ||
    compareDigits(a.pre?.number ?? '', b.pre?.number ?? '') ||
    compareOptional(a.post, b.post, -1) ||
    compareOptional(a.dev, b.dev, 1) ||
    rpmvercmp(a.local ?? '', b.local ?? '')
  );
}

function preRank({ pre, post, dev }: UpstreamVersion): string {
  if (pre !== null) return { a: '1', b: '2', rc: '3' }[pre.kind];
  return post === null && dev !== null ? '0' : '4';
}

function compareOptional(a: string | null, b: string | null, missing: Ordering): Ordering {
  if (a !== null && b !== null) return compareDigits(a, b);
  if (a === b) return 0;
  return a === null ? missing : ((0 - missing) as Ordering);
}
