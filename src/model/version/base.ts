import { TrunklineError } from '../../lib/index.ts';
import type { FormatName } from '../words.ts';
import { spell, SPELLINGS } from './spelling.ts';
import { printable, type VersionTag } from './tags.ts';
import { compareNumbers, compareUpstreamVersions, sameRelease, type UpstreamVersion } from './upstream.ts';

/** What a trunk version starts from. */
export interface Base {
  /** null: nothing is tagged yet. */
  version: UpstreamVersion | null;
  /** How many numbers to write: 1.2 is written 1.2.0 once there was a 1.2.0rc1, or it would sort below it. */
  width: number;
  /** Whether the version has been released: it is a tag's. */
  tagged: boolean;
}

const RULE_HINT =
  'set version.from to tags, with a version.tag_pattern whose one group takes only the versions that count, such as ^v?(\\d+(?:\\.\\d+)*)$; where versions went downwards, raise version.epoch too';

/**
 * The highest version tag, by version order and not by distance: a merged stable branch must not lead backwards.
 * @throws TrunklineError `source_invalid` when it cannot be told which one that is.
 */
export function highest(tags: readonly VersionTag[], format: FormatName): Base {
  let top: { tag: string; version: UpstreamVersion } | undefined;
  for (const { tag, version } of tags) {
    if ('letter' in version) continue;
    const order = top === undefined ? 1 : compareUpstreamVersions(version, top.version) || longer(version, top.version);
    if (order > 0) top = { tag, version };
  }
  if (top === undefined) return { version: null, width: 0, tagged: true };
  const width = widthOf(top.version.numbers, tags);
  checkOrder({ ...top, width }, tags, format);
  return { version: top.version, width, tagged: true };
}

/**
 * A letter behind the number may mean a later release or an early one; it does no harm below the base.
 * @throws TrunklineError `source_invalid` when such a tag lies at the base or above it.
 */
export function refuseLetters(tags: readonly VersionTag[], base: Base): void {
  for (const { tag, version } of tags)
    if ('letter' in version && (base.version === null || compareNumbers(version.numbers, base.version.numbers) >= 0))
      throw new TrunklineError(
        'source_invalid',
        `Tag ${printable(tag)} has a letter behind its number, which could be a later release or an early one`,
        { hint: RULE_HINT },
      );
}

/** Between two spellings of one version, a choice that does not depend on the order of the tags. */
function longer(a: UpstreamVersion, b: UpstreamVersion): number {
  return a.numbers.length - b.numbers.length || (a.text > b.text ? 1 : -1);
}

function widthOf(numbers: readonly string[], tags: readonly VersionTag[]): number {
  return Math.max(
    numbers.length,
    ...tags.map(({ version }) => (sameRelease(version.numbers, numbers) ? version.numbers.length : 0)),
  );
}

/** The package manager must agree that the highest tag is the highest; labels behind `+` are the known case where it may not. */
function checkOrder(
  top: { tag: string; version: UpstreamVersion; width: number },
  tags: readonly VersionTag[],
  format: FormatName,
): void {
  const text = spell(top.version, format, top.width);
  for (const { tag, version } of tags) {
    if ('letter' in version || version.epoch !== top.version.epoch) continue;
    if (SPELLINGS[format].compare(spell(version, format), text) > 0)
      throw new TrunklineError(
        'source_invalid',
        `Tag ${printable(top.tag)} is higher than ${printable(tag)}, but ${format} orders them the other way round`,
        { hint: RULE_HINT },
      );
  }
}

/**
 * The base for a version that the project itself reports. Only its release counts, not the counters (`.dev5+g1234567`) added to it, which may
 * go back where branches are merged. Until the release or a candidate of it is tagged, it is the coming one.
 * @throws TrunklineError `source_invalid` when it lies below a tag.
 */
export function coming(reported: UpstreamVersion, top: Base): Base {
  const order =
    top.version === null
      ? 1
      : reported.epoch - top.version.epoch || compareNumbers(reported.numbers, top.version.numbers);
  if (order > 0) return { version: reported, width: 0, tagged: false };
  if (order === 0) return top;
  throw new TrunklineError(
    'source_invalid',
    `The project says its version is ${reported.text}, but tag ${top.version?.text ?? ''} is in its history`,
    { hint: 'raise the version in the project, or set version.from to tags' },
  );
}
