import { openJail } from '../../lib/jail/index.ts';
import type { FormatName, PackageFormat } from '../../model/index.ts';
import { createDebFormat } from './deb/index.ts';
import { createRpmFormat } from './rpm/index.ts';

/** The package formats there are. Packages are read in jails. */
export function createFormats(): Readonly<Record<FormatName, PackageFormat>> {
  return { rpm: createRpmFormat({ openJail }), deb: createDebFormat({ openJail }) };
}
