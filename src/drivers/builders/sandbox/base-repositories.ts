import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { JailBind } from '../../../lib/jail/index.ts';
import type {
  BaseRepository,
  DebBaseRepository,
  LocalRepository,
  RpmBaseRepository,
  Target,
} from '../../../model/index.ts';

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

/** The directories and keys on this machine that a target's base repositories name, at the same place in the jail. */
export function addressBinds(target: Target): JailBind[] {
  return localPaths(target).map((path) => ({ source: path, target: path }));
}

/** Those of them that do not exist, so that it can be said before a package manager stumbles. */
export async function missingPaths(target: Target): Promise<string[]> {
  const found = await Promise.all(localPaths(target).map((path) => stat(path).catch(() => undefined)));
  return localPaths(target).filter((_, n) => found[n] === undefined);
}

/** Our snapshot and the pool that links in it lead to. */
export function localBinds(repository: LocalRepository | null): JailBind[] {
  return repository === null
    ? []
    : [repository.path, ...repository.also].map((path) => ({ source: path, target: path }));
}

function localPaths(target: Target): string[] {
  const addresses = target.baseRepositories.flatMap((repository) => [
    ...addressesOf(repository),
    ...keysOf(repository),
  ]);
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

function pathOf(address: string): string | undefined {
  if (address.startsWith('/')) return address;
  return address.startsWith('file:') ? fileURLToPath(address.replace(/^file:\/*/, 'file:///')) : undefined;
}
