import { joinKeys, TrunklineError } from '../../../lib/index.ts';
import type { ClientFile, PackageFormat } from '../../../model/index.ts';
import { MAIN } from './components.ts';
import { SUITE } from './write-index.ts';

/**
 * A deb822 `.sources` file and an apt preferences file. Priority 1001 makes apt take ours even where a base package of a higher version is
 * installed, as dnf's priority and distro-sync do (DESIGN 11); the pin goes by Origin, which never changes. A mirrorlist is not apt's way and is
 * left out. With keys, they stand in the file, so that no other key of the machine counts for this repository and none of these for another.
 */
export function debClientFiles(repository: Parameters<PackageFormat['clientFiles']>[0]): ClientFile[] {
  const { name, url, description, keys = null, components = [MAIN] } = repository;
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name))
    throw new TrunklineError('invalid_argument', `"${name}" cannot be the name of a repository`, {
      hint: 'use letters, digits, dot, hyphen and underscore',
    });
  const sources = [
    `# ${description.replaceAll(/\s+/g, ' ')}`,
    'Types: deb deb-src',
    `URIs: ${url.endsWith('/') ? url : `${url}/`}`,
    `Suites: ${SUITE}`,
    `Components: ${components.join(' ')}`,
    ...(keys === null ? ['Trusted: yes'] : signedBy(keys.armored)),
  ];
  const preferences = ['Package: *', `Pin: release o=${repository.origin ?? name}`, 'Pin-Priority: 1001'];
  return [
    { fileName: `${name}.sources`, content: `${sources.join('\n')}\n` },
    { fileName: `${name}.pref`, content: `${preferences.join('\n')}\n` },
  ];
}

/** A field of several lines (deb822(5)): each begins with a blank, an empty one is a dot. apt takes the first armored block only. */
function signedBy(armored: string): string[] {
  const lines = joinKeys([armored]).trimEnd().split('\n');
  return ['Signed-By:', ...lines.map((line) => ` ${line === '' ? '.' : line}`)];
}
