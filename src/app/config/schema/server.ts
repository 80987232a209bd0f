import { isIP } from 'node:net';
import { z } from 'zod';
import { duration, listOf, text } from './fields.ts';
import { labelRule, quoted, type Rule } from './rules.ts';

/** What to do about a place that is none. */
export const LISTEN_REMEDY =
  'write address:port, as 127.0.0.1:8080, [::1]:8080, or 0.0.0.0:8080 for every address of the machine';

const listenRule: Rule = (value) =>
  parseListen(value) === undefined
    ? { what: `${quoted(value)} is no place to listen at`, remedy: LISTEN_REMEDY }
    : undefined;

/** Host and port of `127.0.0.1:8080` or `[::1]:8080`; undefined when it is neither. */
export function parseListen(value: string): { host: string; port: number } | undefined {
  const [, six, other, port] = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(value) ?? [];
  const host = six ?? other;
  return host === undefined || Number(port) > 65_535 ? undefined : { host, port: Number(port) };
}

const proxyRule: Rule = (value) => {
  const [address = '', bits, more] = value.split('/');
  const version = isIP(address);
  const good = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
  if (version !== 0 && !address.includes('%') && good && more === undefined) return undefined;
  return {
    what: `${quoted(value)} is no address`,
    remedy: 'write an address or a range: 10.0.0.7, 10.0.0.0/24, fd00::/64',
  };
};

/** What `trunkline serve` needs to know. */
export const serverSchema = z.strictObject({
  listen: text(listenRule)
    .describe('Address and port, plain HTTP; a proxy in front brings TLS. Port 0: any that is free.')
    .prefault('127.0.0.1:8080'),
  trusted_proxies: listOf(text(proxyRule))
    .describe(
      'Addresses and ranges of the proxies in front. What they say in X-Forwarded-For is who asks; without them everybody behind one has its address, and one person’s wrong passwords shut out all.',
    )
    .prefault([]),
  poll_interval: duration()
    .describe(
      'Each project’s repositories are looked at again after this long, give or take a tenth; a webhook makes it at once.',
    )
    .prefault('5m'),
  backlog_limit: duration()
    .describe(
      'When more work than this waits for a target, only the newest commit of each project is built; the others are recorded as skipped, and stay buildable.',
    )
    .prefault('12h'),
  worker_lease: duration()
    .describe('A worker that gives no sign of life for this long loses its builds; they are made again.')
    .prefault('2m'),
  labels: listOf(text(labelRule))
    .describe(
      'What this machine has of the `labels` that targets ask for, when it builds itself (`trunkline run`, `jobs`).',
    )
    .prefault([]),
  worker_attempts: z
    .int()
    .min(1)
    .max(10_000)
    .describe('Builds that workers with one token may have at once, unless the token says otherwise.')
    .prefault(32),
  worker_slack: duration()
    .describe(
      'What a worker may take for a build besides twice `limits.time`; then the server ends it, whatever the worker says.',
    )
    .prefault('1h'),
});
