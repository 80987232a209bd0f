/** The closed vocabularies of the domain, in the field's own words (ARCHITECTURE.md, Words). */

export const FORMAT_NAMES = ['rpm', 'deb'] as const;
export type FormatName = (typeof FORMAT_NAMES)[number];

export const BUILD_STATES = ['pending', 'running', 'finished'] as const;
export type BuildState = (typeof BUILD_STATES)[number];

export const BUILD_RESULTS = ['success', 'failure', 'skipped', 'cancelled'] as const;
export type BuildResult = (typeof BUILD_RESULTS)[number];

export const FAILURE_REASONS = [
  'source_error',
  'deps_unresolvable',
  'build_failed',
  'lint_failed',
  'install_failed',
  'test_failed',
  'timeout',
  'infra_error',
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** Why a build was skipped. `superseded`: a newer commit was built instead (`--head-only`). */
export const SKIP_REASONS = ['superseded'] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];

/** Why an attempt was made. `initial` and `retry` are the system's own, `recheck` and `force` a person's. */
export const ATTEMPT_KINDS = ['initial', 'retry', 'recheck', 'force'] as const;
export type AttemptKind = (typeof ATTEMPT_KINDS)[number];
