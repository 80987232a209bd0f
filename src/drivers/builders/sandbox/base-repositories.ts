import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256 } from '../../../lib/index.ts';
import type { JailBind } from '../../../lib/jail/index.ts';
import type {
  BaseRepository,
  DebBaseRepository,
  LocalRepository,
  RpmBaseRepository,
  Target,
} from '../../../model/index.ts';
import { RELEASE } from '../own-archive.ts';

const RPM_INDEX = 'repodata/repomd.xml';

export function rpmRepositories(target: Target): RpmBaseRepository[] {
  return target.baseRepositories.filter((repository) => repository.kind === 'rpm');
}

export function debRepositories(target: Target): DebBaseRepository[] {
  return target.baseRepositories.filter((repository) => repository.kind === 'deb');
}

/** Whether a package manager needs the network for it. */
export function isRemote(repository: BaseRepository): boolean {
  return addressesOf(repository).some((address) => pathOf(address) === undefined);
}

/** The directories on this machine that a target's base repositories are in, at the same place in the jail. */
export function directoryBinds(target: Target): JailBind[] {
  return directoriesOf(target).map((path) => ({ source: path, target: path }));
}

/** Those directories, and the keys as `keyInJail` names them. */
export function addressBinds(target: Target): JailBind[] {
  return [...directoryBinds(target), ...keyFilesOf(target).map((path) => ({ source: path, target: keyInJail(path) }))];
}

/** Where a key file is in a jail. Not where it is on this machine: a package of the root may bring a file of that name, and could not. */
export function keyInJail(path: string): string {
  return `/run/trunkline/${sha256(path).slice(0, 8)}-${basename(path).replaceAll(/[^A-Za-z0-9._-]/g, '_')}`;
}

/** The path of an address on this machine, or undefined for one behind a network. */
export function pathOf(address: string): string | undefined {
  if (address.startsWith('/')) return address;
  return address.startsWith('file:') ? fileURLToPath(address.replace(/^file:\/*/, 'file:///')) : undefined;
}

/** Those of them that do not exist, so that it can be said before a package manager stumbles. */
export async function missingPaths(target: Target): Promise<string[]> {
  const paths = [...directoriesOf(target), ...keyFilesOf(target)];
  const found = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  return paths.filter((_, n) => found[n] === undefined);
}

/** The files that change whenever anything in a repository on this machine does: our snapshot's first, then base repositories'. */
export function indexFiles(target: Target, repository: LocalRepository | null): string[] {
  const bases = target.baseRepositories.flatMap((base) => {
    const directories = pathsOf(addressesOf(base));
    if (base.kind === 'rpm') return directories.map((directory) => join(directory, RPM_INDEX));
    return directories.flatMap((directory) =>
      base.suites.flatMap((suite) => ['InRelease', 'Release'].map((name) => join(directory, 'dists', suite, name))),
    );
  });
  if (repository === null) return bases;
  return [join(repository.path, target.format === 'rpm' ? RPM_INDEX : RELEASE), ...bases];
}

/** Our snapshot and the pool that links in it lead to. */
export function localBinds(repository: LocalRepository | null): JailBind[] {
  return repository === null
    ? []
    : [repository.path, ...repository.also].map((path) => ({ source: path, target: path }));
}

function directoriesOf(target: Target): string[] {
  return pathsOf(target.baseRepositories.flatMap(addressesOf));
}

function keyFilesOf(target: Target): string[] {
  return pathsOf(target.baseRepositories.flatMap(keysOf));
}

function pathsOf(addresses: readonly string[]): string[] {
  return [...new Set(addresses.map(pathOf).filter((path) => path !== undefined))];
}

function addressesOf(repository: BaseRepository): string[] {
  if (repository.kind === 'deb') return [repository.uri];
  return [...repository.baseurl, repository.metalink, repository.mirrorlist].filter((address) => address !== null);
}

function keysOf(repository: BaseRepository): string[] {
  if (repository.kind === 'deb') return repository.signedBy === null ? [] : [repository.signedBy];
  return [...repository.gpgkey];
}
