import type { FailureReason } from '../../../model/index.ts';
import { oneLine } from '../one-line.ts';

/** Begins a line of the build root's list, which is printed just before the build. */
export const BUILDROOT_MARK = 'trunkline-buildroot:';

/** What sbuild says at the end of its log. */
export interface Summary {
  /** `successful`, `failed`, `attempted`, `skipped`, `given-back`; null when it did not come to its end. */
  status: string | null;
  /** Where it failed: `install-deps`, `build`… */
  failStage: string | null;
  /** Whole seconds. */
  installSeconds: number;
  buildSeconds: number;
}

/** apt's words for a network, an archive or a disk that failed. Looked for in sbuild's and apt's parts of the log only. */
const INFRASTRUCTURE =
  /^(?:E: Failed to fetch|Err:\d|E: Unable to fetch|E: The repository .* does not have a Release file)|Temporary failure resolving|Could not (?:resolve|connect)|Connection (?:timed out|refused|failed)|Hash Sum mismatch|No space left on device|Cannot allocate memory|newuidmap failed/i;

/** The last `Summary` section; a build may print the like, but not after it has ended. */
export function readSummary(log: string): Summary {
  const text = log.slice(Math.max(0, log.lastIndexOf('\n| Summary ')));
  const field = (name: string) => new RegExp(`^${name}: (\\S+)`, 'm').exec(text)?.[1] ?? null;
  const found = log.includes('\n| Summary ');
  return {
    status: found ? field('Status') : null,
    failStage: found ? field('Fail-Stage') : null,
    installSeconds: Number(field('Install-Time') ?? 0),
    buildSeconds: Number(field('Build-Time') ?? 0),
  };
}

/** A section of the log by its heading, without the box around it; '' when there is none. The first one counts. */
export function section(log: string, heading: string): string {
  const [, after = ''] = log.split(new RegExp(`\\n\\| ${heading} +\\|\\n\\+-+\\+\\n`));
  return after.split(/\n\+-{20,}\+\n\| /)[0] ?? '';
}

/** Full names of the packages in the build root. */
export function readBuildroot(log: string): string[] {
  const names = section(log, 'Starting Timed Build Commands')
    .split('\n')
    .filter((line) => line.startsWith(BUILDROOT_MARK))
    .map((line) => line.slice(BUILDROOT_MARK.length));
  return [...new Set(names)].sort();
}

/** Why a build failed, by sbuild's own stage. */
export function readFailure(log: string, exitWords: string): { reason: FailureReason; detail: string } {
  const { failStage } = readSummary(log);
  switch (failStage) {
    case 'build':
      return { reason: 'build_failed', detail: buildWords(buildPart(log)) };
    case 'install-deps':
    case 'explain-bd-uninstallable': {
      const words = section(log, 'Install package build dependencies');
      const trouble = words.split('\n').find((line) => INFRASTRUCTURE.test(line));
      if (trouble !== undefined) return { reason: 'infra_error', detail: oneLine(trouble) };
      return { reason: 'deps_unresolvable', detail: unmetWords(words) };
    }
    case 'check-architecture':
      return { reason: 'source_error', detail: lastError(section(log, 'Check architectures')) };
    case null:
    default:
      return {
        reason: 'infra_error',
        detail: oneLine(`sbuild, ${failStage ?? 'before its end'}: ${infraWords(log, exitWords)}`),
      };
  }
}

/** The unmet dependencies as apt lists them, else its errors, in one line. */
export function unmetWords(words: string): string {
  const lines = words.split('\n');
  const from = lines.indexOf('The following packages have unmet dependencies:');
  const unmet = from < 0 ? [] : takeWhile(lines.slice(from + 1), (line) => line.startsWith(' '));
  const chosen = unmet.length > 0 ? unmet : lines.filter((line) => /^(E: |dpkg: error)/.test(line));
  // The dummy package is sbuild's, not the user's.
  const text = chosen.map((line) => line.trim().replace(/^sbuild-build-depends-\S+ : /, '')).join('; ');
  return oneLine(text === '' ? (lines.findLast((line) => line.trim() !== '') ?? 'apt failed') : text);
}

/** What dpkg-buildpackage printed: sbuild puts it below the heading of the commands before it. */
function buildPart(log: string): string {
  const [, after = ''] = log.split('\n| Build  ');
  return after.slice(0, Math.max(0, after.lastIndexOf('\n| Summary ')));
}

function buildWords(words: string): string {
  const lines = words.split('\n');
  const said =
    lines.find(
      (line) => /: (?:fatal )?error: |^E: Build killed/.test(line) && !line.startsWith('dpkg-buildpackage: '),
    ) ??
    lines.find((line) => line.includes('*** ')) ??
    lines.find((line) => line.startsWith('dpkg-buildpackage: error: ')) ??
    lines.findLast((line) => line.trim() !== '');
  return oneLine(said ?? 'the build failed');
}

function lastError(words: string): string {
  const lines = words.split('\n');
  return oneLine(
    lines.findLast((line) => line.startsWith('E: ')) ??
      lines.findLast((line) => line.trim() !== '') ??
      'sbuild does not say why',
  );
}

function infraWords(log: string, exitWords: string): string {
  const lines = `${log}\n${exitWords}`.split('\n').filter((line) => line.trim() !== '');
  return (
    lines.find((line) => INFRASTRUCTURE.test(line)) ??
    lines.findLast((line) => line.startsWith('E: ')) ??
    lines.at(-1) ??
    ''
  );
}

function takeWhile(lines: readonly string[], keep: (line: string) => boolean): string[] {
  const end = lines.findIndex((line) => !keep(line));
  return lines.slice(0, end < 0 ? lines.length : end);
}
