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

const NAMES_PATCH = [
  /^Patch #?\d* ?\(([^)]+)\):/,
  /SOURCES\/(\S+\.(?:patch|diff)[^\s+]*)/,
  /^error: patch failed: (.*)$/,
];
const REFUSES_PATCH =
  /Hunk #\d+ FAILED|hunks? FAILED|does not apply|malformed patch|can't find file to patch|Only garbage was found/;

/**
 * rpmbuild traces what it runs, and %prep ends with the first patch that does not apply: the last one named is the one. Both sides of the
 * pipe into the patch program are traced at once, and dash writes a trace word by word: the name may stand in any line, before or after the complaint.
 */
function failedPatch(log: string): string | null {
  if (!inPrep(log)) return null;
  const lines = log.split('\n');
  const refusal = lines.find((line) => REFUSES_PATCH.test(line));
  if (refusal === undefined) return null;
  const named = lines.flatMap((line) => NAMES_PATCH.map((pattern) => pattern.exec(line)?.[1]).find(Boolean) ?? []);
  const patch = named.at(-1);
  return patch === undefined ? null : `patch ${patch} does not apply: ${refusal.trim()}`;
}

function detailOfDependencies(log: string): string | null {
  const lines = log.split('\n');
  const at = lines.findIndex((line) => line.startsWith('error: Failed build dependencies:'));
  const needed = lines.slice(at + 1).filter((line) => /^\s+\S.* is needed by /.test(line));
  return needed.length === 0 ? null : needed.map((line) => line.trim()).join('; ');
}
