import { describeError, errnoOf, TrunklineError, type ErrorCode } from '../lib/index.ts';
import type { FailureReason } from '../model/index.ts';

/** Why an attempt failed, in one line for people. */
export interface Failure {
  reason: FailureReason;
  detail: string;
}

/** Errors that say something of the source or the packages; every other one is trouble of ours or of the machine. */
const REASONS: Partial<Record<ErrorCode, FailureReason>> = {
  source_invalid: 'source_error',
  not_found: 'source_error',
  package_invalid: 'build_failed',
  repository_conflict: 'build_failed',
};

/** What an error that ended an attempt means for the build. A machine's trouble is `infra_error`, which is tried again. */
export function failureOf(error: unknown): Failure {
  const reason = error instanceof TrunklineError ? REASONS[error.code] : undefined;
  return { reason: reason ?? 'infra_error', detail: oneLine(describeError(error)) };
}

/** Whether the machine itself cannot go on, so that trying the next build would only fail too. */
export function stopsEverything(error: unknown): boolean {
  if (error instanceof TrunklineError) return error.code === 'no_space' || error.code === 'data_dir_unwritable';
  return ['ENOSPC', 'EDQUOT', 'EROFS'].includes(errnoOf(error) ?? '');
}

/** Whether every build would meet the error until somebody mends what is wrong, so that no number of tries says anything of this one. */
export function waitsForMending(error: unknown): boolean {
  return stopsEverything(error) || (error instanceof TrunklineError && error.code === 'signing_failed');
}

/** `text` without line breaks and control characters, at most 500 characters. */
export function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
  return line.length > 500 ? `${line.slice(0, 499)}…` : line;
}
