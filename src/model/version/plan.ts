import { TrunklineError } from '../../lib/index.ts';
import type { PackageVersion } from '../ports/format.ts';
import type { VersionRule } from '../project.ts';
import type { VersionInputs } from '../revision.ts';
import type { FormatName } from '../words.ts';
import { coming, highest, refuseLetters, type Base } from './base.ts';
import { compareDebVersions } from './compare-deb.ts';
import { compareRpmVersions, type Ordering } from './compare-rpm.ts';
import { commitTime, dlrnVersion, laterRelease, spell, spellComing, SPELLINGS } from './spelling.ts';
import { printable, versionTags } from './tags.ts';
import { parseUpstreamVersion, type UpstreamVersion } from './upstream.ts';

export interface VersionPlan {
  inputs: VersionInputs;
  /** The upstream commit. */
  hash: string;
  rule: VersionRule;
  format: FormatName;
  /** The target's version form; deb has `caret` only. */
  form: 'caret' | 'dlrn';
  /** Whether the deb packaging is `3.0 (native)`, which has no revision. */
  native: boolean;
  /** How many times a success was rebuilt by force: k of `.r<k>` or `+b<k>`; 0 for a first build. */
  forced: number;
  /** What may stand before a version in a tag: the project's name, its upstream repository's. Without them, any name may. */
  names?: readonly string[];
}

/**
 * The version of a trunk build (DESIGN 5): a function of its arguments alone.
 * It sorts, by the format's own comparison, after every build of an earlier commit or packaging commit, after the highest tag in
 * `inputs.tags` and before any higher tag to come. DLRN's form keeps that promise towards builds and final tags of the same depth only.
 * @throws TrunklineError `source_invalid` naming the epoch or the version rule to set, when no such version can be made.
 */
export function planVersion(plan: VersionPlan): PackageVersion {
  const { inputs, rule, format, form } = plan;
  if (!/^[0-9a-f]{7,64}$/.test(plan.hash))
    throw new TrunklineError('invalid_argument', `${printable(plan.hash)} is no commit`);
  const tags = versionTags(inputs.tags, rule, plan.names);
  const top = highest(tags, format);
  const base = rule.from === 'tags' ? top : coming(reportedVersion(inputs.reported, rule), top);
  refuseLetters(tags, base);
  checkEpoch(rule.epoch, base.version);
  const time = commitTime(inputs.utc);
  const hash7 = plan.hash.slice(0, 7);
  const text = base.version?.text ?? '0';
  if (format === 'rpm' && form === 'dlrn') {
    const passed = tags.flatMap(({ version }) => ('letter' in version ? [] : [dlrnVersion(version)]));
    const version = passed.reduce(laterRelease, dlrnBase(base));
    return parts(plan, version, `0.${time}.${hash7}.${String(inputs.distgitCount)}`, text);
  }
  const trunk = `${spellBase(base, format)}${SPELLINGS[format].commit}${time}.${format === 'rpm' ? 'git' : ''}${hash7}`;
  return parts(plan, trunk, String(inputs.distgitCount), text);
}

function spellBase({ version, tagged, width }: Base, format: FormatName): string {
  if (version === null) return '0';
  return tagged ? spell(version, format, width) : spellComing(version);
}

/** DLRN's form starts at 0.0.0, below the first tag there can be; a version that is not tagged yet is being prepared. */
function dlrnBase({ version, tagged }: Base): string {
  if (version === null) return '0.0.0';
  return tagged ? dlrnVersion(version) : version.numbers.join('.');
}

function parts(plan: VersionPlan, version: string, release: string, base: string): PackageVersion {
  const epoch = plan.rule.epoch;
  const rebuilt = plan.forced === 0 ? '' : `${plan.format === 'rpm' ? '.r' : '+b'}${String(plan.forced)}`;
  if (plan.format === 'deb' && plan.native)
    return { epoch, version: `${version}+p${release}${rebuilt}`, release: null, base };
  return { epoch, version, release: `${release}${rebuilt}`, base };
}

function reportedVersion(reported: string | null, rule: VersionRule): UpstreamVersion {
  const source = rule.from === 'pep440' ? "the project's metadata" : "the project's version script";
  const version = reported === null ? null : parseUpstreamVersion(reported.trim());
  if (version !== null && !('letter' in version)) return version;
  throw new TrunklineError(
    'source_invalid',
    reported === null
      ? `No version came from ${source}`
      : `${printable(reported)} from ${source} is no version that can be ordered`,
    { hint: `let it say a version such as 1.2.3 or 1.2.3rc1, or set version.from to tags` },
  );
}

function checkEpoch(epoch: number | null, version: UpstreamVersion | null): void {
  if (epoch !== null && (!Number.isSafeInteger(epoch) || epoch < 0 || epoch > 2 ** 31 - 1))
    throw new TrunklineError('source_invalid', `The project's epoch ${String(epoch)} is no number below 2147483648`, {
      hint: 'set version.epoch to a small number such as 1',
    });
  if (version !== null && version.epoch > (epoch ?? 0))
    throw new TrunklineError(
      'source_invalid',
      `Version ${version.text} starts its project's epoch ${String(version.epoch)}, and the package's epoch is ${String(epoch ?? 'none')}`,
      { hint: `set version.epoch to ${String(version.epoch)} or more` },
    );
}

/** A version in the format's own notation, `[epoch:]version[-release]`. */
export function versionText(version: PackageVersion): string {
  const epoch = version.epoch === null ? '' : `${String(version.epoch)}:`;
  return `${epoch}${version.version}${version.release === null ? '' : `-${version.release}`}`;
}

/** Which of two versions the format's package manager holds for newer. */
export function comparePackageVersions(format: FormatName, a: PackageVersion, b: PackageVersion): Ordering {
  return (format === 'rpm' ? compareRpmVersions : compareDebVersions)(versionText(a), versionText(b));
}

/**
 * Checks that a build would be an upgrade from the one before it in history order. It is not when a branch was rewritten so that its highest
 * tag, its newest commits or its packaging's commits are gone, or when tags were deleted.
 * @throws TrunklineError `source_invalid` naming the epoch to set.
 */
export function requireNewer(format: FormatName, next: PackageVersion, previous: PackageVersion): void {
  if (comparePackageVersions(format, next, previous) > 0) return;
  throw new TrunklineError(
    'source_invalid',
    `Version ${versionText(next)} would not be newer than ${versionText(previous)}, which was built before it`,
    { hint: `the history was rewritten downwards: set version.epoch to ${String((previous.epoch ?? 0) + 1)}` },
  );
}
