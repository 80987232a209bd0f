import type { FormatName } from '../words.ts';
import { compareDebVersions } from './compare-deb.ts';
import { compareRpmVersions, type Ordering } from './compare-rpm.ts';

/** What is needed of a package to read its version out of its full name. */
export interface FullyNamed {
  name: string;
  arch: string;
  /** `name-[epoch:]version-release.arch`, or `name_version_arch`. */
  fullName: string;
}

/** `[epoch:]version-release`, or Debian's whole version: what the package manager compares. The full name itself where it is written otherwise. */
export function versionOfPackage(format: FormatName, { name, arch, fullName }: FullyNamed): string {
  const separators = format === 'rpm' ? ['-', '.'] : ['_', '_'];
  const before = `${name}${separators[0] ?? ''}`;
  const after = `${separators[1] ?? ''}${arch}`;
  const inside = fullName.startsWith(before) && fullName.endsWith(after);
  return inside && fullName.length > before.length + after.length
    ? fullName.slice(before.length, -after.length)
    : fullName;
}

/** Which of two packages the format's package manager holds for newer. */
export function comparePackages(format: FormatName, a: FullyNamed, b: FullyNamed): Ordering {
  const compare = format === 'rpm' ? compareRpmVersions : compareDebVersions;
  return compare(versionOfPackage(format, a), versionOfPackage(format, b));
}
