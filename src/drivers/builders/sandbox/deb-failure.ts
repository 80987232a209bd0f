import { lastErrorLine } from './error-line.ts';
import type { Failure } from './outcome.ts';

/** Closing words of the tools, which say that something failed but not what. */
const CLOSING = [
  /^dpkg-buildpackage: error: /,
  /^make(\[\d+\])?: \*\*\* \[debian\/rules/,
  /^dh_\w+: error: .* returned exit code \d+$/,
];

/** What the words of dpkg-source (`source`) or dpkg-buildpackage say of a failure. */
export function readDebFailure(log: string, stage: 'source' | 'build'): Failure {
  const patch = failedPatch(log);
  if (patch !== null) return { reason: 'source_error', detail: patch };
  const lines = log.split('\n').filter((line) => !CLOSING.some((closing) => closing.test(line)));
  const detail = lastErrorLine(lines);
  const unmet = /^dpkg-checkbuilddeps: error: Unmet build dependencies: (.*)$/m.exec(log)?.[0];
  if (unmet !== undefined) return { reason: 'deps_unresolvable', detail: unmet };
  const parsing = /^(dpkg-source|dpkg-parsechangelog|dpkg-gencontrol): (error|syntax error)/m;
  if (stage === 'source') return { reason: 'source_error', detail: parsing.exec(log) ? lastParsing(lines) : detail };
  return { reason: 'build_failed', detail };
}

function lastParsing(lines: readonly string[]): string | null {
  return (
    lines.findLast((line) => /^(dpkg-source|dpkg-parsechangelog|dpkg-gencontrol): /.test(line))?.trim() ??
    lastErrorLine(lines)
  );
}

/** dpkg-source names the patch in its advice to refresh it, and in what it was doing. */
function failedPatch(log: string): string | null {
  if (!/^dpkg-source: (error|info): .*(patch|quilt)/m.test(log)) return null;
  const failed =
    /patch '([^']+)' is correctly applied by quilt/.exec(log)?.[1] ??
    /dpkg-source: error: (?:.*)< \S*debian\/patches\/(\S+)/.exec(log)?.[1];
  if (failed === undefined) return null;
  const hunk =
    /^(Hunk #\d+ FAILED.*|.*can't find file to patch.*|.*malformed patch.*|\d+ out of \d+ hunks? FAILED.*)$/m.exec(
      log,
    )?.[1];
  return `patch ${failed} does not apply${hunk === undefined ? '' : `: ${hunk.trim()}`}`;
}
