import { BlockList, isIP, isIPv6 } from 'node:net';
import { lookup as resolve, type LookupAddress, type LookupOptions } from 'node:dns';
import { TrunklineError } from '../../../lib/index.ts';

/** IANA's registries of special-purpose addresses: what is not of the public internet. */
const CLOSED = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  CLOSED.addSubnet(network, prefix, 'ipv4');
// Of IPv6 only 2000::/3 is public; in it these lead back to IPv4 or nowhere.
CLOSED.addSubnet('2001::', 23, 'ipv6');
CLOSED.addSubnet('2001:db8::', 32, 'ipv6');
CLOSED.addSubnet('2002::', 16, 'ipv6');
const OPEN_SIX = new BlockList();
OPEN_SIX.addSubnet('2000::', 3, 'ipv6');

/** Whether an IP address is one of the public internet. */
export function isPublic(address: string): boolean {
  if (isIP(address) === 0) return false;
  return isIPv6(address)
    ? OPEN_SIX.check(address, 'ipv6') && !CLOSED.check(address, 'ipv6')
    : !CLOSED.check(address, 'ipv4');
}

const refusal = (host: string) =>
  new TrunklineError('notification_failed', `${host} is at an address of a private network`, {
    hint: 'set allow_private: true at this webhook if it is meant to be',
  });

/** @throws TrunklineError `notification_failed` for a host that is written as an address that is not public */
export function checkHost(hostname: string): void {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) !== 0 && !isPublic(host)) throw refusal(host);
}

type Found = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

/**
 * Resolves a name for a connection, and fails when any of its addresses is not public. The connection goes to what was checked: a name that is
 * resolved once more may say something else.
 */
export function lookupPublic(hostname: string, options: LookupOptions, found: Found): void {
  resolve(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) {
      found(error, []);
      return;
    }
    const [first] = addresses;
    if (first === undefined || addresses.some(({ address }) => !isPublic(address))) found(refusal(hostname), []);
    else if (options.all === true) found(null, addresses);
    else found(null, first.address, first.family);
  });
}
