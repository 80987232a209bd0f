import { TrunklineError } from '../../../lib/index.ts';
import type { ClientFile, PackageFormat } from '../../../model/index.ts';

/**
 * A `.repo` file. `priority=1` puts it before every base repository (DESIGN 11), and `module_hotfixes` keeps modular filtering of EL 8 and 9 from
 * hiding its packages. zypper looks for what is new in a repository by itself only with `autorefresh=1`, which dnf passes over. With a mirrorlist, dnf asks
 * it for the address each time, so that it survives the moving of a ref, and asks anew every five minutes. With keys, packages and index must be signed by one of them; dnf and zypper fetch the file again for a signature by a key they lack.
 */
export function rpmClientFiles(repository: Parameters<PackageFormat['clientFiles']>[0]): ClientFile[] {
  const { name, url, description, mirrorlist, keys = null } = repository;
  if (!/^[A-Za-z0-9][A-Za-z0-9._:-]*$/.test(name))
    throw new TrunklineError('invalid_argument', `"${name}" cannot be the name of a repository`, {
      hint: 'use letters, digits, dot, hyphen and underscore',
    });
  const lines = [
    `[${name}]`,
    `name=${description.replaceAll(/\s+/g, ' ')}`,
    mirrorlist === undefined ? `baseurl=${url}` : `mirrorlist=${mirrorlist}`,
    'enabled=1',
    'autorefresh=1',
    ...(keys === null ? ['gpgcheck=0'] : ['gpgcheck=1', 'repo_gpgcheck=1', `gpgkey=${keys.url}`]),
    ...(mirrorlist === undefined ? [] : ['metadata_expire=300']),
    'priority=1',
    'module_hotfixes=1',
  ];
  return [{ fileName: `${name}.repo`, content: `${lines.join('\n')}\n` }];
}
