import { join, relative } from 'node:path';
import { sha256, TrunklineError } from '../lib/index.ts';

/** Where everything of one target's repository stands. `directory` is `<data_dir>/repos/<target>`. */
export interface Layout {
  directory: string;
  /** Packages, content-addressed; what the store is opened with. */
  pool: string;
  snapshots: string;
  /** Index entries kept by package digest. */
  fragments: string;
  /** deb: index files by digest, for all refs and snapshots. */
  byHash: string;
  /** deb: what belongs to a ref and not to its snapshot. */
  refs: string;
}

export function layoutOf(directory: string): Layout {
  return {
    directory,
    pool: join(directory, 'pool'),
    snapshots: join(directory, 'snapshots'),
    fragments: join(directory, 'fragments'),
    byHash: join(directory, 'by-hash'),
    refs: join(directory, 'refs'),
  };
}

/** The public keys that clients are to trust, beside the refs. */
export const KEY_FILE = 'trunkline.asc';

const RESERVED = new Set(['pool', 'snapshots', 'fragments', 'by-hash', 'refs', 'component', 'quarantine', KEY_FILE]);

/** How files beside refs end: mirror lists, client files, keys. */
const FILES = /\.(mirrorlist|repo|sources|pref|asc)$/;

/** @throws TrunklineError `invalid_argument` for a name that cannot be a ref: it would be a path, or one of the repository's own directories or files. */
export function checkRefName(name: string): string {
  const reserved = RESERVED.has(name) || /^[0-9a-f]{2}$/.test(name) || FILES.test(name);
  if (/^[a-z][a-z0-9._-]{0,99}$/.test(name) && !reserved) return name;
  throw new TrunklineError('invalid_argument', `"${name}" cannot be the name of a ref`, {
    hint: 'use lower-case letters, digits, dot, hyphen and underscore, beginning with a letter, at least three of them, and no end like .repo',
  });
}

/** @throws TrunklineError `invalid_argument` for what is not the name of a snapshot. */
export function checkHash(hash: string): string {
  if (/^[0-9a-f]{64}$/.test(hash)) return hash;
  throw new TrunklineError('invalid_argument', `"${hash}" is not the name of a snapshot`, {
    hint: 'a snapshot is named by the 64 hexadecimal digits of its hash',
  });
}

/** What names a build directory. */
export interface BuildPlace {
  project: string;
  component: string | null;
  upstreamCommit: string;
  distgitCommit: string;
  /**
   * Whether the project was the first to be built in this target from this pair of upstream and packaging commit. Recorded with the build, so that
   * the path never changes: the others of a pair get DLRN's third part, the place of its extended hash.
   */
  ownsPair: boolean;
}

/** DLRN's path below the repository: `[component/C/]<aa>/<bb>/<commit>_<distro8>[_<project8>]`, project8 being the SHA-256 of the project's name. */
export function buildDirectoryPath(place: BuildPlace): string {
  const { component, upstreamCommit, distgitCommit } = place;
  if (!/^[0-9a-f]{40,64}$/.test(upstreamCommit) || !/^[0-9a-f]{40,64}$/.test(distgitCommit))
    throw new TrunklineError('invalid_argument', `"${upstreamCommit}" and "${distgitCommit}" are not both commits`);
  if (component !== null && !/^[A-Za-z0-9_][A-Za-z0-9._+-]{0,99}$/.test(component))
    throw new TrunklineError('invalid_argument', `"${component}" cannot be the name of a component`, {
      hint: 'use letters, digits, dot, plus, hyphen and underscore',
    });
  const pair = `${upstreamCommit}_${distgitCommit.slice(0, 8)}`;
  const last = place.ownsPair ? pair : `${pair}_${sha256(place.project).slice(0, 8)}`;
  const parts = [upstreamCommit.slice(0, 2), upstreamCommit.slice(2, 4), last];
  return [...(component === null ? [] : ['component', component]), ...parts].join('/');
}

/** The target of a relative symbolic link at `link` that leads to `path`. */
export function linkTarget(link: string, path: string): string {
  return relative(join(link, '..'), path);
}
