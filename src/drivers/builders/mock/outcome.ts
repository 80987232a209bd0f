import type { FailureReason } from '../../../model/index.ts';
import { oneLine } from '../one-line.ts';
import { isPackageManager, readCommands, readPhases, type LoggedCommand } from './logs.ts';

export interface Failure {
  reason: FailureReason;
  detail: string;
}

/** What mock left behind: its exit code and the ends of its logs. */
export interface MockLogs {
  exitCode: number;
  stateLog: string;
  rootLog: string;
  buildLog: string;
  /** mock's own messages (standard output and error). */
  messages: string;
}

/**
 * What dnf, librepo and curl say when the network, a mirror or this machine failed rather than the package. Looked for only in what the package manager
 * printed, never in a build's own output.
 */
const INFRASTRUCTURE =
  /No more mirrors to try|All mirrors were tried|Cannot (?:retrieve|prepare internal|download)|Failed to (?:synchronize cache|download metadata)|Could not resolve host|Couldn't connect|Connection (?:timed out|refused|reset)|No route to host|Network is unreachable|Error downloading packages|Temporary failure in name resolution|Device or resource busy|Curl error|Status code: 5\d\d|Timeout was reached|No space left on device|Cannot allocate memory|needs \d+\s?[KMG]?B more space/i;

/** What dnf says when a requirement cannot be met, the telling ones first. */
const UNRESOLVABLE = [
  /No matching package to install: .*|nothing provides .*|No match for argument: .*|Unable to find a match: .*/i,
  /package .* (?:conflicts with|obsoletes) .*|\S.* is filtered out by .*/i,
  /conflicting requests|Not all dependencies satisfied/i,
];

/** mock's exit codes for its own trouble (mockbuild/exception.py): usage, configuration, architecture, locks, result directory, namespaces, bootstrap. */
const OWN_TROUBLE = new Set([2, 3, 5, 6, 25, 60, 65, 70, 80, 90, 110, 120]);

/** Why a build failed. mock passes on the exit code of the program that failed, so the phase tells more than the code. */
export function readBuildFailure(logs: MockLogs): Failure {
  const phase = lastPhase(logs.stateLog);
  if (OWN_TROUBLE.has(logs.exitCode)) return { reason: 'infra_error', detail: ownWords(logs.messages) };
  const failed = readCommands(logs.rootLog).findLast((command) => command.exitCode !== null && command.exitCode !== 0);
  if (logs.exitCode === 30 && failed !== undefined && isPackageManager(failed)) {
    if (!/^(build setup|rpmbuild )/.test(phase))
      return { reason: 'infra_error', detail: oneLine(`the build root cannot be made: ${resolverWords(failed)}`) };
    return packageManagerFailure(failed, 'deps_unresolvable');
  }
  if (phase === 'rpmbuild -bs' || (phase.startsWith('build setup') && errorLine(logs.buildLog) !== null))
    return { reason: 'source_error', detail: errorLine(logs.buildLog) ?? ownWords(logs.messages) };
  if (logs.exitCode === 40 && !logs.messages.includes('No build results found'))
    return { reason: 'source_error', detail: ownWords(logs.messages) };
  if (phase.startsWith('rpmbuild ')) return rpmbuildFailure(logs.buildLog, logs.messages);
  return { reason: 'infra_error', detail: ownWords(logs.messages) };
}

/** Why an installation failed, or null when it did not: dnf ends with 0 although a scriptlet failed. */
export function readInstallFailure(logs: MockLogs, transaction: LoggedCommand | undefined): Failure | null {
  const scriptlet = transaction?.output.find((line) => line.includes('scriptlet failed'));
  if (logs.exitCode === 0 && transaction?.exitCode === 0)
    return scriptlet === undefined ? null : { reason: 'install_failed', detail: oneLine(scriptlet) };
  if (transaction === undefined || transaction.exitCode === 0 || transaction.exitCode === null)
    return { reason: 'infra_error', detail: ownWords(logs.messages) };
  return packageManagerFailure(transaction, 'install_failed');
}

/** The run of the package manager that installs what was asked for, not what the root starts from. */
export function installTransaction(rootLog: string): LoggedCommand | undefined {
  return readCommands(rootLog).findLast(
    (command) => isPackageManager(command) && command.command.includes("'install'"),
  );
}

function packageManagerFailure(command: LoggedCommand, reason: FailureReason): Failure {
  const trouble = command.output.find((line) => INFRASTRUCTURE.test(line));
  if (trouble !== undefined) return { reason: 'infra_error', detail: oneLine(trouble) };
  return { reason, detail: oneLine(resolverWords(command)) };
}

function resolverWords(command: LoggedCommand): string {
  for (const pattern of UNRESOLVABLE) {
    const words = command.output.map((line) => pattern.exec(line)?.[0]).find((match) => match !== undefined);
    if (words !== undefined) return words;
  }
  const from = command.output.findLastIndex((line) => /^Error\b/.test(line));
  return from < 0 ? (command.output.at(-1) ?? 'dnf failed') : command.output.slice(from, from + 3).join(' ');
}

/** A failure of rpmbuild itself; a patch that does not apply is the packaging's fault. */
function rpmbuildFailure(buildLog: string, messages: string): Failure {
  const lines = buildLog.split('\n');
  const bad = lines.findLastIndex((line) => /^error: Bad exit status from \S+ \(%\w+\)/.test(line));
  const section = /\((%\w+)\)/.exec(lines[bad] ?? '')?.[1];
  if (section === undefined) return { reason: 'build_failed', detail: errorLine(buildLog) ?? ownWords(messages) };
  const before = lines.slice(Math.max(0, bad - 200), bad);
  const hunk = before.findLastIndex((line) =>
    /hunks? FAILED|patch does not apply|can't find file to patch|Only garbage was found/.test(line),
  );
  if (section === '%prep' && hunk >= 0) return { reason: 'source_error', detail: oneLine(patchWords(before, hunk)) };
  const last = before.findLast((line) => line.trim() !== '' && !/^(RPM build errors:|\+ exit)/.test(line)) ?? '';
  return { reason: 'build_failed', detail: oneLine(`${section} failed: ${last}`) };
}

function patchWords(lines: readonly string[], hunk: number): string {
  const named = lines
    .slice(0, hunk + 1)
    .map((line) =>
      /^Patch #\d+ \((.+?)\):|^error: patch failed: (\S+)|^\+ .*\bpatch\b.*?([^\s/<]+\.(?:patch|diff))\b/.exec(line),
    )
    .findLast((match) => match !== null);
  const name = named?.[1] ?? named?.[2] ?? named?.[3];
  return `patch ${name ?? ''} does not apply: ${lines[hunk] ?? ''}`.replace('patch  does', 'a patch does');
}

function lastPhase(stateLog: string): string {
  const uninteresting = /^(clean chroot|Outputting|cleaning package manager|Waiting for|run)/;
  return readPhases(stateLog).findLast((phase) => !uninteresting.test(phase.name))?.name ?? '';
}

function errorLine(buildLog: string): string | null {
  const line = buildLog.split('\n').find((candidate) => candidate.startsWith('error: '));
  return line === undefined ? null : oneLine(line.replace(/^error: /, ''));
}

function ownWords(messages: string): string {
  const line = messages
    .split('\n')
    .findLast((candidate) => /^(ERROR|CRITICAL): (?!Exception\(|Command failed)/.test(candidate));
  const words =
    line ?? messages.split('\n').findLast((candidate) => candidate.trim() !== '') ?? 'mock failed without a word';
  return oneLine(words.replace(/^(ERROR|CRITICAL): /, ''));
}
