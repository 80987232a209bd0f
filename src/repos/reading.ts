import { KEY_FILE } from './layout.ts';

/**
 * What a file of a target's repository belongs to, by its path below the repository's directory, decoded, without links followed. `ref`: to a ref.
 * `shared`: to all refs, under a name that only an index tells (the hash of its content, or of a snapshot), or saying nothing but addresses and
 * public keys. `target`: to the target as a whole, as the directories of builds do. `hidden`: it is not for clients, or no path of ours.
 */
export type Belonging = { kind: 'ref'; ref: string } | { kind: 'shared' | 'target' | 'hidden' };

export function belongingOf(path: string): Belonging {
  const [top = '', second = '', ...rest] = path.split('/');
  if (path.split('/').some((part) => part === '' || part.startsWith('.') || /[\\\0]/.test(part)))
    return { kind: 'hidden' };
  switch (top) {
    case 'fragments':
    case 'quarantine':
      return { kind: 'hidden' };
    case 'pool':
      return { kind: rest.length > 0 ? 'shared' : 'hidden' };
    case 'by-hash':
      return { kind: second === '' ? 'hidden' : 'shared' };
    case 'snapshots':
      return { kind: /^[0-9a-f]{64}$/.test(second) && rest.length > 0 ? 'shared' : 'hidden' };
    case 'refs':
      return second === '' ? { kind: 'hidden' } : { kind: 'ref', ref: second };
    case 'component':
      return { kind: 'target' };
    default:
      return second === ''
        ? besideRefs(top)
        : /^[0-9a-f]{2}$/.test(top)
          ? { kind: 'target' }
          : { kind: 'ref', ref: top };
  }
}

function besideRefs(name: string): Belonging {
  const ref = /^(.+)\.mirrorlist$/.exec(name)?.[1];
  if (ref !== undefined) return { kind: 'ref', ref };
  return name === KEY_FILE || /\.(repo|sources|pref)$/.test(name) ? { kind: 'shared' } : { kind: 'ref', ref: name };
}
