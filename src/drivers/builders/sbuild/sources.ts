import { fileURLToPath } from 'node:url';
import { TrunklineError } from '../../../lib/index.ts';
import type { DebBaseRepository, LocalRepository, Target } from '../../../model/index.ts';
import { SUITE } from '../own-archive.ts';

/** Ours over the base's, whatever the versions (DESIGN 11): the content of an apt preferences file. */
export const PREFERENCES = `Package: *\nPin: release n=${SUITE}\nPin-Priority: 1001\n`;

/** @throws TrunklineError `config_invalid` for a target without base repositories for apt. */
export function baseRepositories(target: Target): DebBaseRepository[] {
  const repositories = target.baseRepositories.filter((repository) => repository.kind === 'deb');
  if (repositories.length === 0)
    throw new TrunklineError('config_invalid', `Target ${target.name} has nothing to make a root from`, {
      hint: 'give it base_repositories with uri, suites and components',
    });
  return repositories;
}

/**
 * The base repositories as lines of sources.list(5).
 * @throws TrunklineError `config_invalid` for a value that would be more than one word there.
 */
export function sourceLines(target: Target): string[] {
  return baseRepositories(target).flatMap((repository) => {
    const { uri, suites, components, signedBy, trusted } = repository;
    const strange = [uri, ...suites, ...components, signedBy ?? '/'].find(
      (word) => !/^[A-Za-z0-9._/:+~%@?=&-]+$/.test(word),
    );
    if (strange !== undefined)
      throw new TrunklineError('config_invalid', `${JSON.stringify(strange)} cannot stand in apt's list of sources`);
    const options = [...(trusted ? ['trusted=yes'] : []), ...(signedBy === null ? [] : [`signed-by=${signedBy}`])];
    const given = options.length === 0 ? '' : ` [${options.join(' ')}]`;
    return suites.map((suite) => `deb${given} ${uri} ${suite} ${components.join(' ')}`);
  });
}

/** Directories of this machine that apt inside a root must see at the same place. */
export function localDirectories(target: Target, repository: LocalRepository | null): string[] {
  const bases = baseRepositories(target)
    .filter(({ uri }) => uri.startsWith('file:'))
    .map(({ uri }) => fileURLToPath(uri.replace(/^file:\/*/, 'file:///')));
  return [...new Set([...bases, ...(repository === null ? [] : [repository.path, ...repository.also])])];
}

/** Whether apt needs the network for the base repositories. */
export function isRemote(target: Target): boolean {
  return baseRepositories(target).some(({ uri }) => !uri.startsWith('file:'));
}

/** Keys that the list of sources names, which must be in a root too. */
export function keyFiles(target: Target): string[] {
  return [...new Set(baseRepositories(target).flatMap(({ signedBy }) => (signedBy === null ? [] : [signedBy])))];
}
