import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../../lib/index.ts';
import type { LocalRepository } from '../../model/index.ts';

/** The suite as which our own repositories are published for apt. */
export const SUITE = 'trunk';
/** The file that changes whenever anything in such a repository does, below its top. */
export const RELEASE = `dists/${SUITE}/Release`;

/** One of our repositories as apt is told of it. */
export interface OwnArchive {
  /** A line of sources.list(5), with all components that it has. */
  line: string;
  /** What its packages are pinned by (apt_preferences(5), after `release`). */
  pin: string;
}

/**
 * Our repository by what its Release file says of itself, as a snapshot keeps the components it was written with: the text is read, not interpreted, and
 * a strange one is not used. Of a repository that is not there apt is told all the same, and says so.
 */
export async function ownArchive(repository: LocalRepository): Promise<OwnArchive> {
  const release = await readFile(join(repository.path, RELEASE), 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  });
  const origin = /^Origin: ([A-Za-z0-9][A-Za-z0-9 ._-]*)$/m.exec(release)?.[1];
  const components = /^Components: ([a-z0-9][a-z0-9.+-]*(?: [a-z0-9][a-z0-9.+-]*)*)$/m.exec(release)?.[1] ?? 'main';
  return {
    line: `deb [trusted=yes] file:${encodeURI(repository.path)} ${SUITE} ${components}`,
    pin: origin === undefined ? `n=${SUITE}` : `o=${origin},n=${SUITE}`,
  };
}
