import { sha256 } from '../hash.ts';

/** A reference of a repository, and the object it points at; `name^{}` is what an annotated tag leads to. */
export interface AdvertisedRef {
  object: string;
  name: string;
}

/** Branches, tags and HEAD in one digest, whoever asked for them and in whichever order they came. */
export function digestOfTips(refs: readonly AdvertisedRef[]): string {
  const lines = refs
    .filter(({ name }) => name === 'HEAD' || name.startsWith('refs/heads/') || name.startsWith('refs/tags/'))
    .map(({ object, name }) => `${object}\t${name}\n`);
  return sha256(lines.sort().join(''));
}

/** What `git ls-remote` prints. */
export function parseListing(printed: string): AdvertisedRef[] {
  return printed.split('\n').flatMap((line) => {
    const [object, name] = line.split('\t');
    return object === undefined || name === undefined ? [] : [{ object, name }];
  });
}
