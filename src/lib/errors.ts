/** Every code an error can carry, with the HTTP status an API answers with. Codes are stable; messages are not. */
export const ERROR_CODES = {
  already_exists: 409,
  config_invalid: 422,
  data_dir_locked: 409,
  data_dir_unwritable: 503,
  database_unreachable: 503,
  forbidden: 403,
  git_failed: 502,
  gone: 410,
  install_failed: 422,
  internal: 500,
  invalid_argument: 400,
  lock_lost: 409,
  method_not_allowed: 405,
  missing_tool: 503,
  no_space: 507,
  not_found: 404,
  notification_failed: 502,
  package_invalid: 422,
  payload_too_large: 413,
  precondition_failed: 412,
  process_failed: 500,
  project_unreachable: 502,
  promotion_refused: 409,
  range_not_satisfiable: 416,
  rate_limited: 429,
  ref_protected: 403,
  repository_conflict: 409,
  sandbox_failed: 500,
  server_unreachable: 502,
  signing_failed: 500,
  source_invalid: 422,
  store_damaged: 500,
  target_not_ready: 503,
  unauthorized: 401,
  unsupported: 501,
  unsupported_media_type: 415,
  worker_drained: 409,
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface ErrorDetails {
  /** What the person can do next, as a sentence. */
  hint?: string;
  /** The hint for those who ask over the network, where `hint` tells what not everybody may know. */
  publicHint?: string;
  /** Whoever is refused for it over the network is told its words, though what is wrong is the server's: they have nothing that not everybody may know. */
  told?: true;
  /** Where the mistake is: `file:line:column` or a path. */
  where?: string;
  /** Seconds after which the same may go well: HTTP's Retry-After. */
  retryAfter?: number;
  cause?: unknown;
}

/** The one error class for what goes wrong outside our own code. `message` says what was wrong, `where` and `hint` the rest. */
export class TrunklineError extends Error {
  override readonly name: string = 'TrunklineError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly publicHint: string | undefined;
  readonly told: boolean;
  readonly where: string | undefined;
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.publicHint = details.publicHint ?? details.hint;
    this.told = details.told ?? false;
    this.where = details.where;
    this.retryAfter = details.retryAfter;
  }
}

/** `error` as one line for a person: where, what, what to do. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const where = error instanceof TrunklineError && error.where !== undefined ? `${error.where}: ` : '';
  const hint = error instanceof TrunklineError && error.hint !== undefined ? ` (${error.hint})` : '';
  return `${where}${error.message}${hint}`;
}

/** The errno name (`ENOSPC`, `EROFS`…) of a system error, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
