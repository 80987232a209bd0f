import { createHash } from 'node:crypto';
import { TrunklineError } from '../errors.ts';
import { redact } from '../redact.ts';

/** How git reaches a repository. `file` is a directory of this machine. */
export type Transport = 'https' | 'http' | 'ssh' | 'git' | 'file';

const SCHEMES: Readonly<Record<string, Transport>> = {
  'https:': 'https',
  'http:': 'http',
  'ssh:': 'ssh',
  'git+ssh:': 'ssh',
  'ssh+git:': 'ssh',
  'git:': 'git',
  'file:': 'file',
};
const ALLOWED = 'https://, http://, ssh://, git://, user@host:path, or an absolute path';

/**
 * The transport git uses for `url`, which is also proof that git takes it as an address and nothing else: no `ext::` or other remote helper, no
 * option, no host that ssh would take as an option.
 * @throws TrunklineError `source_invalid` naming the URL.
 */
export function transportOf(url: string): Transport {
  // eslint-disable-next-line no-control-regex
  if (url === '' || /[\u0000-\u0020\u007f]/.test(url))
    throw badAddress(url, 'is empty or has spaces or control characters');
  if (url.startsWith('-')) throw badAddress(url, 'would be taken as an option');
  if (/^[a-z0-9+.-]*::/i.test(url)) throw badAddress(url, 'names a program to run');
  if (url.startsWith('/')) return 'file';
  const scheme = /^([a-z][a-z0-9+.-]*:)\/\/(.*)$/i.exec(url);
  if (scheme === null) return scpTransport(url);
  const transport = SCHEMES[(scheme[1] ?? '').toLowerCase()];
  if (transport === undefined) throw badAddress(url, 'has a scheme that is not allowed');
  const rest = scheme[2] ?? '';
  if (transport === 'file') {
    if (!rest.startsWith('/')) throw badAddress(url, 'is not an absolute path');
    return transport;
  }
  checkHost(url, rest.split('/')[0] ?? '');
  return transport;
}

/** `user@host:path`, which git hands to ssh. */
function scpTransport(url: string): Transport {
  const [, authority, path] = /^((?:[^/:@[]*@)?\[[^\]/]+\]|[^/:[]+):(.*)$/.exec(url) ?? [];
  if (authority === undefined || path === undefined) throw badAddress(url, 'is not an absolute address');
  checkHost(url, authority);
  if (path === '' || /^[-:]/.test(path)) throw badAddress(url, 'has no path, or one that would be taken as an option');
  return 'ssh';
}

function checkHost(url: string, authority: string): void {
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (host === '' || host.startsWith('-') || authority.startsWith('-'))
    throw badAddress(url, 'has no host, or one that would be taken as an option');
  if (!/^(\[[0-9a-f:.%]+\]|[\w.-]+)(:\d+)?$/i.test(host)) throw badAddress(url, 'has a host that is none');
}

function badAddress(url: string, what: string): TrunklineError {
  return new TrunklineError('source_invalid', `The git address ${JSON.stringify(redact(url))} ${what}`, {
    hint: `use ${ALLOWED}`,
  });
}

/** The directory a `file` address names, else undefined. */
export function localPath(url: string): string | undefined {
  if (url.startsWith('/')) return url;
  return /^file:\/\//i.test(url) ? url.slice('file://'.length) : undefined;
}

/**
 * A submodule's address as git's `submodule init` makes it from the superproject's own: `./` and `../` are taken from the end of `base`; anything
 * else is returned as it stands, unchecked.
 * @throws TrunklineError `source_invalid` when `url` climbs above `base`'s host.
 */
export function resolveAddress(base: string, url: string): string {
  if (!/^\.\.?\//.test(url) && url !== '.' && url !== '..') return url;
  let [left, right] = [base.replace(/\/+$/, ''), url];
  for (;;) {
    if (right === '..' || right.startsWith('../')) {
      const shorter = withoutLastPart(left);
      if (shorter === undefined) throw badAddress(url, `leads out of ${JSON.stringify(redact(base))}`);
      [left, right] = [shorter, right.slice(3)];
    } else if (right === '.' || right.startsWith('./')) right = right.slice(2);
    else break;
  }
  const joined = right === '' ? left : left.endsWith(':') ? `${left}${right}` : `${left}/${right}`;
  return joined.replace(/\/+$/, '');
}

/** `left` without its last path component; undefined when only the host would be left to cut. */
function withoutLastPart(left: string): string | undefined {
  const start = /^(?:[a-z][a-z0-9+.-]*:\/\/[^/]*|[^/:]+:)/i.exec(left)?.[0].length ?? 0;
  const path = left.slice(start);
  if (path === '' || path === '/') return undefined;
  const cut = path.lastIndexOf('/');
  return left.slice(0, start) + path.slice(0, Math.max(cut, 0));
}

/** The directory name of a repository's mirror: readable, safe on every file system, and different for different addresses. */
export function mirrorName(url: string): string {
  const last =
    url
      .replace(/\/+$/, '')
      .replace(/\.git$/, '')
      .split(/[/:]/)
      .at(-1) ?? '';
  const readable = last
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 40);
  const digest = createHash('sha256').update(url).digest('hex').slice(0, 16);
  return `${readable === '' ? 'repository' : readable}-${digest}.git`;
}
