import type { Role } from './actions.ts';

/** What an action is done on. A part that is absent stands for all: listing the builds of every project is an action on `{}`. */
export interface Subjects {
  project?: string;
  target?: string;
  ref?: string;
}

/** A role, and where it holds. Each limit is an exact name or a pattern with `*`; absent: everywhere. */
export interface Grant extends Subjects {
  role: Role;
}

/** What can be read without a grant. */
export interface OpenReading {
  /** What somebody has closed: targets, or refs of targets, as names or patterns. An absent `ref` closes the target whole. */
  restricted: readonly Restriction[];
  /** Grants given to everybody, `viewer` only: they open parts of what is restricted. */
  grants: readonly Grant[];
}

export interface Restriction {
  target: string;
  ref?: string;
}

/** What the configuration's targets close. */
export function restrictionsOf(
  targets: readonly { name: string; restricted: boolean | readonly string[] }[],
): Restriction[] {
  return targets.flatMap(({ name: target, restricted }) => {
    if (typeof restricted === 'boolean') return restricted ? [{ target }] : [];
    return restricted.map((ref) => ({ target, ref }));
  });
}

/** What the token of a worker is for. */
export interface WorkerScope {
  /** Names or patterns of the targets it may have attempts of. Empty: none. */
  targets: readonly string[];
  /** Names or patterns of the labels it may say it has. */
  labels: readonly string[];
  /** Attempts it may hold at once, whatever names it goes by; absent: as many as the server's configuration says. */
  attempts?: number | undefined;
}

/** Who asks. */
export interface Principal {
  /** For the audit log: `ada`, `ada/laptop` (a token of hers), `worker/builder-1`, `anonymous`. */
  name: string;
  kind: 'anonymous' | 'user' | 'token' | 'worker';
  /** Of a token: its owner's. */
  grants: readonly Grant[];
  /** The user that this is, or whose token it is. */
  user?: string;
  /** Of a token that may less than its owner: what one of these covers. */
  scope?: readonly Grant[];
  /** Of a worker. */
  worker?: WorkerScope;
  /** What everybody can read. Absent: nothing. */
  open?: OpenReading;
}

/** Who can read everything that is not restricted, and do nothing. */
export function anonymous(open: OpenReading = { restricted: [], grants: [] }): Principal {
  return { name: 'anonymous', kind: 'anonymous', grants: [], open };
}

/** What came with a request. */
export interface Credentials {
  /** The Authorization header: `Basic` with a password or a token, or `Bearer` with a token. */
  authorization: string | undefined;
  /** The client's IP address, for the limit of failed logins. */
  address: string;
}

/**
 * Says who asks; nobody in particular without an Authorization header. `createAuthenticator` of access/ makes it. `now` is in milliseconds since the
 * epoch. Throws TrunklineError `unauthorized` for credentials that are not good, `rate_limited` with `retryAfter` after too many of them.
 */
export type Authenticate = (credentials: Credentials, now: number) => Promise<Principal>;
