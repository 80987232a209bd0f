import type { IndexFragment, PackageFile } from '../../../model/index.ts';
import type { Inspector } from '../inspection.ts';

/**
 * Each package's stanza, `Packages` or `Sources`, as apt-ftparchive writes it, with an empty Filename or Directory, and a deb's lines in `Contents`.
 */
export function debFragments(inspector: Inspector, files: readonly PackageFile[]): Promise<IndexFragment[]> {
  return inspector.fragments(files);
}
