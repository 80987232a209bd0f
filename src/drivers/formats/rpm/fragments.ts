import type { IndexFragment, PackageFile } from '../../../model/index.ts';
import type { Inspector } from '../inspection.ts';

/** Each package's elements of primary, filelists and other, as createrepo_c writes them, without address and file time. */
export function rpmFragments(inspector: Inspector, files: readonly PackageFile[]): Promise<IndexFragment[]> {
  return inspector.fragments(files);
}
