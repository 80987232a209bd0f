import { z } from 'zod';

/** Debian Policy 5.6.7, with a limit on length, for what goes into paths and URLs. */
const NAME = /^[a-z0-9][a-z0-9+.-]{1,199}$/;
/** Debian Policy 5.6.12, without colons in the upstream version: no dpkg tool can write a file name with one. */
const VERSION = /^(?:(0|[1-9][0-9]{0,9}):)?([0-9][A-Za-z0-9.+~]*(?:-[A-Za-z0-9.+~]+)*?)(?:-([A-Za-z0-9.+~]+))?$/;
const ARCHITECTURE = /^[a-z0-9]+(-[a-z0-9]+)*$/;
/** What dpkg-source may name beside a dsc: one path component. */
const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9.+~_-]{0,240}$/;

const version = z
  .string()
  .max(200, 'the version is too long')
  .regex(VERSION, 'the version has characters that no Debian version may have, or does not begin with a digit');

/** The fields of a deb's control file that identify it. */
export const controlSchema = z.object({
  Package: z.string().regex(NAME, 'the name has characters that no Debian package name may have'),
  Version: version,
  Architecture: z.string().regex(ARCHITECTURE, 'the architecture has characters that no architecture may have'),
  Source: z
    .string()
    .regex(/^[a-z0-9][a-z0-9+.-]{1,199}( \([^()\s]{1,200}\))?$/, 'the source package it names has an impossible name')
    .optional(),
  Description: z.string().default(''),
  Provides: z.string().default(''),
  'Pre-Depends': z.string().default(''),
  Depends: z.string().default(''),
});
export type Control = z.infer<typeof controlSchema>;

/** The fields of a dsc, under the names that its entry in Sources has (`Package` for the dsc's `Source`). */
export const sourceSchema = z.object({
  Package: z.string().regex(NAME, 'the name has characters that no Debian source package name may have'),
  Version: version,
  'Build-Depends': z.string().default(''),
  'Build-Depends-Arch': z.string().default(''),
  'Build-Depends-Indep': z.string().default(''),
  Files: z.string(),
  'Checksums-Sha256': z.string(),
});
export type SourceControl = z.infer<typeof sourceSchema>;

/** One line of `Checksums-Sha256`. */
export const fileLineSchema = z.object({
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'a checksum is not a SHA-256'),
  size: z
    .string()
    .regex(/^[0-9]{1,15}$/, 'a size is not a number')
    .transform(Number),
  fileName: z.string().regex(FILE_NAME, 'it names a file that does not lie beside it'),
});
export type FileLine = z.infer<typeof fileLineSchema>;

export interface VersionParts {
  epoch: string | null;
  upstream: string;
  revision: string | null;
}

/** The parts of a version that has passed the schema: `1:2.0-3` → 1, 2.0, 3. The revision is what stands after the last hyphen. */
export function versionParts(text: string): VersionParts {
  const [, epoch, upstream, revision] = VERSION.exec(text) ?? [];
  return { epoch: epoch ?? null, upstream: upstream ?? text, revision: revision ?? null };
}
