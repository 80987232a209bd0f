import { TrunklineError } from '../../lib/index.ts';
import type { FormatName } from '../words.ts';
import { verrevcmp } from './compare-deb.ts';
import { compareDigits, rpmvercmp, type Ordering } from './compare-rpm.ts';
import type { UpstreamVersion } from './upstream.ts';

/** What rpm and dpkg need said differently, so that both put everything in the same order. */
interface Spelling {
  /** Between the release and a post-release number. dpkg holds `1.2.post1` for newer than 1.2.1, and `1.2+post1` for older. */
  post: string;
  /** Before a commit's time: sorts above the version itself and below anything that is added to it. */
  commit: string;
  compare: (a: string, b: string) => Ordering;
}

export const SPELLINGS: Readonly<Record<FormatName, Spelling>> = {
  rpm: { post: '.post', commit: '^', compare: rpmvercmp },
  deb: { post: '+post', commit: '+git', compare: verrevcmp },
};

/**
 * A version as the format writes it, with at least `width` numbers: `1.2.3`, `1.2.3~rc1`, `1.2.3~~dev4` (development comes before alphas,
 * and `~dev` would come after `~a`), `1.2.3.post1`, `1.2.3+local.ubuntu.1` (a bare label could come after `.post1` or before a commit).
 */
export function spell(version: UpstreamVersion, format: FormatName, width = 0): string {
  const { pre, post, dev, local } = version;
  return [
    padded(version.numbers, width).join('.'),
    pre === null ? '' : `~${pre.kind}${pre.number}`,
    post === null ? '' : `${SPELLINGS[format].post}${post}`,
    dev === null ? '' : pre === null && post === null ? `~~dev${dev}` : `~dev${dev}`,
    local === null ? '' : /^local\b/.test(local) ? `+${local}` : `+local.${local}`,
  ].join('');
}

export function padded(numbers: readonly string[], width: number): string[] {
  return [...numbers, ...Array<string>(Math.max(0, width - numbers.length)).fill('0')];
}

/**
 * The Version of DLRN's form for one upstream version: the next one behind a release, since its Release `0.…` sorts before everything of the
 * same Version; the release itself while it is being prepared. The next one has three numbers or more: 1.2 leads to 1.2.1, since 1.3 would outrank 1.2.1.
 */
export function dlrnVersion(version: UpstreamVersion): string {
  if (version.pre !== null || (version.dev !== null && version.post === null)) return version.numbers.join('.');
  const numbers = padded(version.numbers, 3);
  return [...numbers.slice(0, -1), String(BigInt(numbers.at(-1) ?? '0') + 1n)].join('.');
}

/** A release that is announced and not tagged yet: below its first development tag, so that all of its tags come after what leads to them. */
export function spellComing(version: UpstreamVersion): string {
  return `${version.numbers.join('.')}~~before`;
}

/** The greater of two versions of digits and dots. */
export function laterRelease(a: string, b: string): string {
  return rpmvercmp(a, b) < 0 ? b : a;
}

/**
 * Seconds since the epoch as `YYYYMMDDHHMMSS`, UTC.
 * @throws TrunklineError `source_invalid` for a time that does not fit.
 */
export function commitTime(utc: number): string {
  if (Number.isSafeInteger(utc) && utc >= 0 && compareDigits(String(utc), '253402300799') <= 0)
    return new Date(utc * 1000).toISOString().slice(0, 19).replace(/[-:T]/g, '');
  throw new TrunklineError(
    'source_invalid',
    `The commit's committer time ${String(utc)} is not between 1970 and 9999`,
    {
      hint: 'have the commit made again with a right clock, or leave it out with a force push; no version can be made from it',
    },
  );
}
