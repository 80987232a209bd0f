/** What a file of a repository belongs to, by its path below the target's directory. */
export type Belonging =
  | { to: 'content' }
  /** A ref: its directory, its mirror list, its client files. */
  | { to: 'ref'; ref: string }
  /** The target as a whole: directories of builds. */
  | { to: 'target' }
  | { to: 'nobody' };

/** Directories that only Trunkline itself reads. */
const INTERNAL = ['fragments', 'quarantine'];
const REF = /^[a-z][a-z0-9._-]{0,99}$/;

/** @param origin the name of the client files: `trunkline-<target>` */
export function belongingOf(origin: string, parts: readonly string[]): Belonging {
  const [first = '', second = ''] = parts;
  if (first === '' || INTERNAL.includes(first)) return { to: 'nobody' };
  if (['pool', 'snapshots', 'by-hash'].includes(first) || (first === 'trunkline.asc' && parts.length === 1))
    return { to: 'content' };
  if (first === 'refs') return { to: 'ref', ref: second };
  if (first === 'component' || /^[0-9a-f]{2}$/.test(first)) return { to: 'target' };
  const client = parts.length === 1 ? clientRef(origin, first) : undefined;
  if (client !== undefined) return { to: 'ref', ref: client };
  const mirrors = parts.length === 1 ? /^(.+)\.mirrorlist$/.exec(first)?.[1] : undefined;
  if (mirrors !== undefined) return { to: 'ref', ref: mirrors };
  return REF.test(first) ? { to: 'ref', ref: first } : { to: 'target' };
}

/** The ref that `trunkline-<target>.repo` or `trunkline-<target>-<ref>.sources` follows. */
function clientRef(origin: string, file: string): string | undefined {
  const name = /^(.+)\.(?:repo|sources|pref)$/.exec(file)?.[1];
  if (name === origin) return 'current';
  return name?.startsWith(`${origin}-`) ? name.slice(origin.length + 1) : undefined;
}

/** Files whose content is what their name says, and so never changes. Signatures of a snapshot are made again when the keys change. */
export function isImmutable(parts: readonly string[]): boolean {
  const [first = '', second = '', third = ''] = parts;
  const last = parts.at(-1) ?? '';
  if (first === 'pool') return /^[0-9a-f]{2}$/.test(second) && /^[0-9a-f]{64}$/.test(third) && parts.length === 4;
  if (first === 'by-hash') return true;
  return first === 'snapshots' && parts.length > 2 && !/\.(?:asc|gpg|key)$|^InRelease$/.test(last);
}

const TYPES: Readonly<Record<string, string>> = {
  asc: 'text/plain; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  deb: 'application/vnd.debian.binary-package',
  drpm: 'application/x-rpm',
  gz: 'application/gzip',
  json: 'application/json',
  key: 'text/plain; charset=utf-8',
  log: 'text/plain; charset=utf-8',
  md5: 'text/plain; charset=utf-8',
  mirrorlist: 'text/plain; charset=utf-8',
  pref: 'text/plain; charset=utf-8',
  repo: 'text/plain; charset=utf-8',
  rpm: 'application/x-rpm',
  sources: 'text/plain; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  xml: 'application/xml',
  xz: 'application/x-xz',
  yaml: 'application/yaml',
  zst: 'application/zstd',
};
const NAMED = new Set(['Release', 'InRelease', 'Packages', 'Sources', 'installed', 'styles.css']);

/** The type of a file; what is not known is bytes. None is a page: what a build left behind never runs in a browser. */
export function typeOf(file: string): string {
  if (NAMED.has(file)) return 'text/plain; charset=utf-8';
  const ending = /\.([A-Za-z0-9]{1,10})$/.exec(file)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(TYPES, ending) ? (TYPES[ending] ?? '') : 'application/octet-stream';
}
