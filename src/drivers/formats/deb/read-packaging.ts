import { TrunklineError } from '../../../lib/index.ts';
import type { PackagingFile, PackagingSummary } from '../../../model/index.ts';
import { regularFiles, type RegularFile } from '../packaging-tree.ts';
import { readControl } from './read-control.ts';

export interface DebPackaging {
  /** The source package's name. */
  name: string;
  /** The Sections that its control file states, each with where. */
  sections: readonly { section: string; where: string }[];
  native: boolean;
  /** Of the newest entry of the packaging's own changelog, or null. */
  epoch: number | null;
  /** The packaging's own changelog as bytes, a character each; '' for none. */
  changelog: string;
  /** The files of the directory `debian`, paths relative to it, without the changelog. */
  files: readonly RegularFile[];
}

/**
 * What a Debian packaging says of its source package, read from `debian/control`, `debian/source/format` and `debian/changelog`.
 * @throws TrunklineError `source_invalid` with file and line when one of them is missing or cannot be read.
 */
export function readPackaging(files: readonly PackagingFile[]): PackagingSummary {
  const { name, native, epoch } = openPackaging(files);
  return { name, native, epoch };
}

/**
 * The packaging, whether its directory holds `debian/` or is the directory `debian` itself.
 * @throws TrunklineError `source_invalid`.
 */
export function openPackaging(files: readonly PackagingFile[]): DebPackaging {
  const all = regularFiles(files);
  const lead = ['debian/', ''].find((start) => all.some(({ path }) => path === `${start}control`));
  if (lead === undefined) throw noControl(all);
  const own = all
    .filter(({ path }) => path.startsWith(lead))
    .map((file) => ({ ...file, path: file.path.slice(lead.length) }));
  const text = (path: string): string | undefined => {
    const found = own.find((file) => file.path === path);
    return found && Buffer.from(found.content).toString('latin1');
  };
  const changelog = text('changelog') ?? '';
  const { name, sections } = readControl(text('control') ?? '', `${lead}control`);
  return {
    name,
    sections: sections.map((line) => ({ section: line.text, where: `${lead}control:${String(line.number)}` })),
    native: isNative(text('source/format'), `${lead}source/format`),
    epoch: changelogEpoch(changelog, `${lead}changelog`),
    changelog,
    files: own.filter(({ path }) => path !== 'changelog'),
  };
}

function noControl(files: readonly RegularFile[]): TrunklineError {
  const hasDebian = files.some(({ path }) => path.startsWith('debian/'));
  return new TrunklineError(
    'source_invalid',
    hasDebian
      ? 'The packaging has no debian/control'
      : 'The packaging directory holds no debian/control and no control',
    {
      ...(hasDebian ? { where: 'debian/control' } : {}),
      hint: "add debian/control, or name the directory that holds debian/ as the packaging's path",
    },
  );
}

/** Format 1.0, which is also meant when nothing is stated, takes a tarball and a revision here as `3.0 (quilt)` does, and stays what it is. */
function isNative(format: string | undefined, file: string): boolean {
  const stated = (format ?? '1.0').split('\n')[0]?.trim() ?? '';
  if (stated === '3.0 (native)') return true;
  if (stated === '3.0 (quilt)' || stated === '1.0') return false;
  throw new TrunklineError('source_invalid', `Source format ${JSON.stringify(stated.slice(0, 40))} is not supported`, {
    where: `${file}:1`,
    hint: 'write 3.0 (quilt) or 3.0 (native)',
  });
}

/** dpkg's form of an entry's first line (deb-changelog(5)). */
const ENTRY = /^[A-Za-z0-9][A-Za-z0-9+.-]*[ \t]*\(([^()\s]+)\)((?:[ \t]+[-+0-9A-Za-z.]+)+);/;

function changelogEpoch(changelog: string, file: string): number | null {
  const lines = changelog.split('\n');
  const index = lines.findIndex((line) => line.trim() !== '');
  if (index < 0) return null;
  const version = ENTRY.exec(lines[index] ?? '')?.[1];
  if (version === undefined || !/^(?:[0-9]{1,9}:)?[0-9][A-Za-z0-9.+:~-]*$/.test(version))
    throw new TrunklineError('source_invalid', 'The changelog does not start with an entry', {
      where: `${file}:${String(index + 1)}`,
      hint: 'write "source (version) distribution; urgency=medium" there, or remove the file: a changelog is generated',
    });
  const epoch = /^([0-9]+):/.exec(version)?.[1];
  return epoch === undefined ? null : Number(epoch);
}
