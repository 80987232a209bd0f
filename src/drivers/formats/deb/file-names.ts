import type { PackageIdentity } from '../../../model/index.ts';

/** dpkg's name, without the epoch; the same with it, as apt and dpkg-repack keep packages. */
export function debFileNames({ name, epoch, version, release, arch, kind, fileName }: PackageIdentity): string[] {
  if (epoch === null) return [fileName];
  const full = `${epoch}:${version}${release === null ? '' : `-${release}`}`;
  return [fileName, kind === 'source' ? `${name}_${full}.dsc` : `${name}_${full}_${arch}.deb`];
}
