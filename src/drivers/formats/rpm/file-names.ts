import type { PackageIdentity } from '../../../model/index.ts';

/** rpmbuild's name; the same with the epoch, as `dnf repoquery` and yum write it; and for a source RPM the one it has when it may not be passed on. */
export function rpmFileNames({ name, epoch, version, release, arch, fileName }: PackageIdentity): string[] {
  const end = `${version}-${release ?? ''}.${arch}.rpm`;
  return [
    fileName,
    ...(epoch === null ? [] : [`${name}-${epoch}:${end}`, `${epoch}:${fileName}`]),
    ...(arch === 'src' ? [fileName.replace(/\.src\.rpm$/, '.nosrc.rpm')] : []),
  ];
}
