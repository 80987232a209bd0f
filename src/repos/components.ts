import { TrunklineError } from '../lib/index.ts';
import type { IndexFragment, PackageFile, PackageFormat } from '../model/index.ts';

/** What a repository has of a format's components. */
export interface Components {
  target: string;
  format: PackageFormat;
  /** The first is that of packages that name none. */
  components: readonly string[];
}

/** @throws TrunklineError `package_invalid` for the first package that asks to stand in a component which the repository does not have */
export function refuseMisplaced(
  { target, format, components }: Components,
  files: readonly PackageFile[],
  fragments: readonly IndexFragment[],
): void {
  for (const [n, { identity }] of files.entries()) {
    const missing = format.missingComponent(fragments[n] ?? {}, components);
    if (missing === null) continue;
    throw new TrunklineError(
      'package_invalid',
      `${identity.fileName} belongs to the component ${missing} by its Section, and ${target} has ${components.join(', ')}`,
      {
        where: identity.fullName,
        hint: `add ${missing} to targets.${target}.components in the configuration, or correct the Section in debian/control`,
      },
    );
  }
}
