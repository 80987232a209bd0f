import {
  openMirror,
  resolveAddress,
  transportOf,
  type FetchOptions,
  type Mirror,
  type Transport,
  type TreeEntry,
} from '../../lib/git/index.ts';
import { TrunklineError } from '../../lib/index.ts';

/** A submodule as the superproject's commit has it. */
export interface Submodule {
  /** Where it lies in the superproject. */
  path: string;
  /** Absolute and checked. */
  url: string;
  commit: string;
}

const MAX_GITMODULES = 1024 ** 2;

/**
 * The submodules of a commit that have an address in its `.gitmodules`; one without has none to be fetched from, and stays an empty directory, as
 * git clone leaves it. Only that commit's own file counts.
 * @throws TrunklineError `source_invalid` naming the address that git must not be given.
 */
export async function readSubmodules(mirror: Mirror, entries: readonly TreeEntry[]): Promise<Submodule[]> {
  const links = entries.filter(({ kind }) => kind === 'submodule');
  const file = entries.find(({ path }) => path === '.gitmodules');
  if (links.length === 0 || file === undefined) return [];
  if ((file.kind !== 'file' && file.kind !== 'executable') || file.size > MAX_GITMODULES)
    throw new TrunklineError('source_invalid', '.gitmodules is a link, or larger than 1 MiB', { where: '.gitmodules' });
  const addresses = addressesByPath(await mirror.readConfigBlob(file.object));
  return links.flatMap(({ path, object }) => {
    const stated = addresses.get(path);
    return stated === undefined ? [] : [{ path, commit: object, url: checkedAddress(mirror, path, stated) }];
  });
}

function addressesByPath(config: ReadonlyMap<string, readonly string[]>): Map<string, string> {
  const addresses = new Map<string, string>();
  for (const [key, values] of config) {
    const name = /^submodule\.(.*)\.path$/s.exec(key)?.[1];
    const url = name === undefined ? undefined : config.get(`submodule.${name}.url`)?.[0];
    const path = values[0]?.replace(/\/+$/, '');
    if (url !== undefined && path !== undefined) addresses.set(path, url);
  }
  return addresses;
}

/**
 * What a repository may send us to. A directory of this machine or a login of ours is not for everybody who can write a `.gitmodules`: the tarball is
 * published, and would carry what lies there.
 */
const REACH: Readonly<Record<Transport, readonly Transport[]>> = {
  file: ['file', 'ssh', 'https', 'http', 'git'],
  ssh: ['ssh', 'https', 'http', 'git'],
  https: ['https', 'http', 'git'],
  http: ['https', 'http', 'git'],
  git: ['https', 'http', 'git'],
};

function checkedAddress(mirror: Mirror, path: string, stated: string): string {
  const refuse = (why: string, cause?: unknown) =>
    new TrunklineError(
      'source_invalid',
      `Submodule ${JSON.stringify(path)} has the address ${JSON.stringify(stated)}, ${why}`,
      {
        where: '.gitmodules',
        hint: 'use an https:// address in .gitmodules, or set source.submodules to false',
        cause,
      },
    );
  let url: string;
  let transport: Transport;
  try {
    url = resolveAddress(mirror.url, stated);
    transport = transportOf(url);
  } catch (error) {
    throw refuse('which git must not be given', error);
  }
  if (!REACH[mirror.transport].includes(transport))
    throw refuse(`which a repository reached by ${mirror.transport} may not name (${transport})`);
  return url;
}

/**
 * The mirror of a submodule below `directory`, with its commit in it; nothing is fetched when it is there already.
 * @throws TrunklineError `project_unreachable`, `source_invalid` when the repository does not have the commit.
 */
export async function submoduleMirror(directory: string, submodule: Submodule, options: FetchOptions): Promise<Mirror> {
  const { url, commit, path } = submodule;
  const mirror = await openMirror(directory, url, { submodule: true });
  if (await mirror.hasCommit(commit)) return mirror;
  await mirror.fetch(options);
  if (await mirror.hasCommit(commit)) return mirror;
  try {
    await mirror.fetchCommit(commit, options);
  } catch (error) {
    if (!(error instanceof TrunklineError) || error.code !== 'source_invalid') throw error;
    throw new TrunklineError(
      'source_invalid',
      `Submodule ${JSON.stringify(path)} is at commit ${commit.slice(0, 12)}, which its repository does not have`,
      {
        where: url,
        hint: 'push the commit to a branch there',
        cause: error,
      },
    );
  }
  return mirror;
}
