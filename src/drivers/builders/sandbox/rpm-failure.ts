import { lastErrorLine } from './error-line.ts';
import type { Failure } from './outcome.ts';

/** rpmbuild's closing words, which say that something failed but not what. */
const CLOSING = [
  /^RPM build (errors|warnings):/,
  /^\s*Bad exit status from /,
  /^error: Bad exit status from /,
  /^\s*line \d+: /,
];

/**
 * What rpmbuild's words say of a failure. Before anything is built (`source`), and in %prep, it is the source's own fault: a spec that does not parse,
 * a file that is not there, a patch that does not apply.
 */
export function readRpmFailure(log: string, stage: 'source' | 'build'): Failure {
  const patch = failedPatch(log);
  if (patch !== null) return { reason: 'source_error', detail: patch };
  const lines = log.split('\n').filter((line) => !CLOSING.some((closing) => closing.test(line)));
  const detail = lastErrorLine(lines);
  const parsing = /^error: (line \d+|.*\.spec:|Unable to open|Bad source|Bad file|No such file|File .*: No such file)/m;
  if (stage === 'source' || parsing.test(log)) return { reason: 'source_error', detail };
  if (/^error: Failed build dependencies:/m.test(log))
    return { reason: 'deps_unresolvable', detail: detailOfDependencies(log) ?? detail };
  return { reason: inPrep(log) ? 'source_error' : 'build_failed', detail };
}

function inPrep(log: string): boolean {
  return /^error: Bad exit status from \S+ \(%prep\)$/m.test(log);
}

/** rpmbuild traces what it runs: the patch program's complaint follows the line that names the file. */
function failedPatch(log: string): string | null {
  if (!inPrep(log)) return null;
  let current: string | null = null;
  for (const line of log.split('\n')) {
    const named =
      /^Patch #?\d* ?\(([^)]+)\):/.exec(line)?.[1] ??
      /^\+ .*SOURCES\/(\S+\.(?:patch|diff)\S*)/.exec(line)?.[1] ??
      /^error: patch failed: (.*)$/.exec(line)?.[1];
    if (named !== undefined) current = named;
    if (
      current !== null &&
      /Hunk #\d+ FAILED|hunks? FAILED|does not apply|malformed patch|can't find file to patch|Only garbage was found/.test(
        line,
      )
    )
      return `patch ${current} does not apply: ${line.trim()}`;
  }
  return null;
}

function detailOfDependencies(log: string): string | null {
  const lines = log.split('\n');
  const at = lines.findIndex((line) => line.startsWith('error: Failed build dependencies:'));
  const needed = lines.slice(at + 1).filter((line) => /^\s+\S.* is needed by /.test(line));
  return needed.length === 0 ? null : needed.map((line) => line.trim()).join('; ');
}
