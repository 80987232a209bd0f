import { isIPv4, isIPv6 } from 'node:net';
import { sha256, TrunklineError } from '../lib/index.ts';

/** Wrong passwords for one user from one address before there is a pause; from one address, whoever is tried. */
const FREE = { login: 5, address: 50 } as const;
const FIRST_PAUSE = 1000;
/** Nobody waits longer than this, and what is as old is forgotten. */
const LONGEST_PAUSE = 15 * 60_000;
/** What is remembered at most; the oldest goes first. */
const MOST = 10_000;

interface Failures {
  count: number;
  last: number;
  /** Until when a login is refused unseen. */
  pausedUntil: number;
}

/** Wrong passwords, in the memory of this process: each of several servers counts its own. */
export interface FailedLogins {
  /**
   * `known`: it is a password that was good a moment ago, which a pause of the address alone does not stop.
   * @throws TrunklineError `rate_limited` with `retryAfter` while this user is not let in from this address.
   */
  check(user: string, address: string, now: number, known?: boolean): void;
  failed(user: string, address: string, now: number): void;
  succeeded(user: string, address: string): void;
}

/**
 * Counts wrong passwords by user and address together and by address alone, never by user alone: so nobody shuts out somebody who is elsewhere.
 * After the free ones each further one makes a pause, from a second to 15 minutes, each twice as long as the last. What is tried in a pause is not
 * looked at and makes it no longer.
 */
export function createFailedLogins(): FailedLogins {
  const remembered = new Map<string, Failures>();
  const keys = (user: string, address: string) => {
    const block = addressBlock(address);
    // A digest, so that a name takes no more room than another one.
    return { login: sha256(`${block} ${user}`), address: block };
  };
  const recall = (key: string, now: number): Failures | undefined => {
    const found = remembered.get(key);
    if (found === undefined || Math.max(found.last, found.pausedUntil) + LONGEST_PAUSE > now) return found;
    remembered.delete(key);
    return undefined;
  };
  const count = (key: string, free: number, now: number) => {
    const failures = (recall(key, now)?.count ?? 0) + 1;
    const over = failures - free;
    const pause = over < 0 ? 0 : Math.min(FIRST_PAUSE * 2 ** Math.min(over, 20), LONGEST_PAUSE);
    remembered.delete(key);
    remembered.set(key, { count: failures, last: now, pausedUntil: now + pause });
    for (const oldest of remembered.keys()) {
      if (remembered.size <= MOST) break;
      remembered.delete(oldest);
    }
  };
  return {
    check(user, address, now, known = false) {
      const { login, address: block } = keys(user, address);
      const own = recall(login, now)?.pausedUntil ?? 0;
      const shared = recall(block, now)?.pausedUntil ?? 0;
      if (own <= now && (shared <= now || known)) return;
      // It was looked whether the password is known: that is a guess, and five of them are free.
      if (own <= now) count(login, FREE.login, now);
      const until = Math.max(own, shared);
      const retryAfter = Math.ceil((until - now) / 1000);
      throw new TrunklineError('rate_limited', 'Too many wrong passwords came from this address', {
        retryAfter,
        hint: `wait ${retryAfter} s; tokens are let in meanwhile`,
      });
    },
    failed(user, address, now) {
      const { login, address: block } = keys(user, address);
      count(login, FREE.login, now);
      count(block, FREE.address, now);
    },
    succeeded(user, address) {
      remembered.delete(keys(user, address).login);
    },
  };
}

/** An IPv4 address, or the /64 of an IPv6 one: whoever has one address of it has all. */
export function addressBlock(address: string): string {
  const plain = address.replace(/%.*$/, '');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1] ?? plain;
  if (isIPv4(mapped) || !isIPv6(mapped)) return mapped.slice(0, 100);
  const canonical = new URL(`http://[${mapped}]/`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - left.length - right.length }, () => '0');
  return `${[...left, ...zeros, ...right].slice(0, 4).join(':')}::/64`;
}
