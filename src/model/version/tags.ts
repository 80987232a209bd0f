import { TrunklineError } from '../../lib/index.ts';
import type { VersionRule } from '../project.ts';
import { parseUpstreamVersion, type LetterVersion, type UpstreamVersion } from './upstream.ts';

export interface VersionTag {
  tag: string;
  version: UpstreamVersion | LetterVersion;
}

const MAX_TAG = 128;
/** Words that may stand before the version of any project. */
const RELEASE_WORDS = new Set(['release', 'releases', 'rel', 'version', 'ver', 'v', 'r']);
/** Words that say that what follows is not a version of this project's own line. */
const OTHER_WORDS =
  /^(?:private|debian|ubuntu|fedora|rhel|centos|epel|suse|archive|backup|test|tmp|wip|dev|alpha|beta|rc|nightly|snapshot|build|docs?)(?:[-_/]|$)/i;
/** DLRN's list of what is no release: private tags, and those that say that a branch has ended. */
const NO_RELEASE = /^private-|-(?:em|eol|eom)$/i;

/**
 * The version tags among `tags`, by the rule's own pattern or the built-in rule: the version alone, behind `v` or `r`, behind a word such as
 * `release-`, or behind one of `names` and a dash (`libfoo-1.2`; without `names`, behind any name if the version has a dot).
 * Anything else is no version tag and is left out.
 * @throws TrunklineError `source_invalid` when the rule's pattern is wrong or names something that is no version.
 */
export function versionTags(
  tags: readonly string[],
  rule: VersionRule,
  names: readonly string[] | undefined,
): VersionTag[] {
  const read = rule.tagPattern === null ? builtInReader(names) : patternReader(rule.tagPattern);
  return tags.flatMap((tag) => {
    const version = tag.length > MAX_TAG ? null : read(tag);
    return version === null || isBareZero(version) ? [] : [{ tag, version }];
  });
}

/** What is not tagged yet is built as 0 and must sort below the first tag, so that `0` and `0rc1` count as no tags. */
function isBareZero({ numbers }: VersionTag['version']): boolean {
  return numbers.length === 1 && /^0+$/.test(numbers[0] ?? '');
}

type TagReader = (tag: string) => VersionTag['version'] | null;

function builtInReader(names: readonly string[] | undefined): TagReader {
  const known = names === undefined ? undefined : new Set(names.map((name) => name.toLowerCase()));
  return (tag) => {
    if (NO_RELEASE.test(tag)) return null;
    const alone = parseUpstreamVersion(tag.replace(/^[vVrR](?=[0-9])/, ''));
    if (alone !== null) return alone;
    for (const { index } of tag.matchAll(/[-_/]/g)) {
      const prefix = tag.slice(0, index).toLowerCase();
      const version = parseUpstreamVersion(tag.slice(index + 1).replace(/^[vVrR](?=[0-9])/, ''));
      if (version === null) continue;
      if (RELEASE_WORDS.has(prefix)) return version;
      if (known !== undefined) return known.has(prefix) ? version : null;
      return /^[a-z]/.test(prefix) && !OTHER_WORDS.test(prefix) && version.numbers.length > 1 ? version : null;
    }
    return null;
  };
}

function patternReader(source: string): TagReader {
  const pattern = compile(source);
  return (tag) => {
    const found = pattern.exec(tag);
    if (found === null) return null;
    const version = found[1] === undefined ? null : parseUpstreamVersion(found[1]);
    if (version !== null) return version;
    throw new TrunklineError(
      'source_invalid',
      `The project's tag pattern ${source} takes ${printable(found[1] ?? tag)} of tag ${printable(tag)} for a version, and it is none`,
      { hint: 'write version.tag_pattern so that its one group matches only versions such as 1.2.3 or 1.2.3rc1' },
    );
  };
}

function compile(source: string): RegExp {
  const hint = 'write version.tag_pattern as a regular expression with one group, such as ^rel/(\\d+(?:\\.\\d+)*)$';
  try {
    const pattern = new RegExp(source);
    if ((new RegExp(`${source}|`).exec('')?.length ?? 0) > 1) return pattern;
  } catch (cause) {
    throw new TrunklineError('source_invalid', `The project's tag pattern ${source} is no regular expression`, {
      hint,
      cause,
    });
  }
  throw new TrunklineError('source_invalid', `The project's tag pattern ${source} has no group`, { hint });
}

/** Outside text for a message: short, quoted, without control characters. */
export function printable(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
