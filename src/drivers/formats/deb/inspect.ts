import { extname } from 'node:path';
import type { z } from 'zod';
import type { TrunklineError } from '../../../lib/index.ts';
import type { PackageIdentity } from '../../../model/index.ts';
import { invalidPackage, type InputFile, type OpenJail } from '../confined-reading.ts';
import type { Inspect, Inspection } from '../inspection.ts';
import { createReader, type Reader } from '../reader.ts';
import { createWarmReader, type WarmReader } from '../warm-reader.ts';
import { contentsLines, printedPaths } from './contents.ts';
import { isPlainArchive, isPlainControl } from './plain.ts';
import { controlSchema, sourceSchema, versionParts } from './schema.ts';
import { canonicalSource } from './source-files.ts';
import { fieldsByName, formatStanza, parseStanza, relationsOf, type Field } from './stanza.ts';
import { readWarmDebs, WARM_DEB } from './warm-reading.ts';

/**
 * dpkg reads each deb by its own strict rules (a second stanza, a doubled field, an impossible version are refused), apt makes the index entry and
 * notices a missing end; the two must agree on what the package is. Leaves `<n>.entry`, for a deb `<n>.fields` and `<n>.contents` too, and `<n>.bad`
 * for what one of them refuses, with their words in `<n>.<tool>`.
 */
const SCRIPT = `
command -v dpkg-deb >/dev/null && command -v apt-ftparchive >/dev/null || exit 127
index() { apt-ftparchive -o APT::FTPArchive::SHA1=false -o APT::FTPArchive::SHA512=false "$@"; }
arrive || exit 1
cd in
for n in *; do
  o=../out/$n
  if [ -e "$n/package.deb" ]; then
    { dpkg-deb -f "$n/package.deb" Package Version Architecture >$o.fields 2>$o.dpkg || : >$o.bad; } &
    { index contents "$n" >$o.contents 2>$o.tar || : >$o.bad; } &
    index packages "$n" >$o.entry 2>$o.apt
    wait
  else
    index sources "$n" >$o.entry 2>$o.apt
  fi || : >$o.bad
  [ -s $o.entry ] || : >$o.bad
done
cd ../out
answer *
`;

/** Stands for the address of a package until `writeIndex` knows it: an empty field, of which a stanza has at most one. */
const PLACE = { deb: 'Filename', dsc: 'Directory' } as const;

/**
 * Reads debs and dscs, each call's apart from all others: debs by libapt in a process that has loaded it, where they are plain, everything else by
 * dpkg and apt in a jail. It @throws TrunklineError `package_invalid` naming the file that is damaged or lies.
 */
export function createDebInspection(openJail: OpenJail): Inspect {
  const warm = createWarmReader(openJail, { label: 'read-deb', program: WARM_DEB });
  const reader = createReader(openJail, {
    label: 'read-deb',
    script: SCRIPT,
    tools: 'dpkg-deb and apt-ftparchive (Debian: dpkg, apt-utils)',
  });
  const readDebs = async (debs: readonly InputFile[]) => (await readPlain(warm, debs)) ?? inJail(reader, debs);
  return async (files) => {
    const isDeb = (file: InputFile) => extname(file.path) === '.deb';
    const [debs, others] = await Promise.all([
      readDebs(files.filter(isDeb)),
      inJail(
        reader,
        files.filter((file) => !isDeb(file)),
      ),
    ]);
    const found = new Map([...debs, ...others]);
    return files.flatMap((file) => found.get(file) ?? []);
  };
}

type Found = [InputFile, Inspection];

async function inJail(reader: Reader, files: readonly InputFile[]): Promise<Found[]> {
  if (files.length === 0) return [];
  const answer = await reader.read(files);
  return files.map((file, n) => {
    const said = (what: string) => answer.get(`${n}.${what}`)?.toString('utf8') ?? '';
    const entry = said('entry').trimEnd();
    if (entry === '' || answer.has(`${n}.bad`)) throw unreadable(file, said('dpkg') + said('apt') + said('tar'));
    if (extname(file.path) === '.dsc') return [file, inspectSource(file, entry)];
    const fields = said('fields').trimEnd();
    return [file, inspectBinary(file, { fields, entry, paths: (name) => printedPaths(said('contents'), name) })];
  });
}

/** All of them, or undefined when one is not plain: dpkg has to be asked then, and says what it has against it. */
async function readPlain(warm: WarmReader, files: readonly InputFile[]): Promise<Found[] | undefined> {
  if (files.length === 0) return [];
  const plain = await Promise.all(files.map((file) => isPlainArchive(file.path)));
  const read = plain.includes(false) ? undefined : await readWarmDebs(warm, files);
  if (read?.every(({ control }) => isPlainControl(control)) !== true) return undefined;
  try {
    return files.map((file, n) => {
      const { control = '', entry = '', paths = [] } = read[n] ?? {};
      return [file, inspectBinary(file, { fields: control, entry: entry.trimEnd(), paths: () => paths })];
    });
  } catch {
    return undefined;
  }
}

/** The tools' words without the names that a file has in the jail; they have none for a control file that is beyond all limits. */
function unreadable(file: InputFile, answer: string): TrunklineError {
  const words = answer.replaceAll(/\/?(tmp\/dpkg-deb\.\w+|[0-9]+)\/(control|package\.(deb|dsc))/g, '$2').trim();
  const what = words === '' ? 'its control file is too large, or it has none' : words.replaceAll(/\s*\n\s*/g, '; ');
  return invalidPackage(file, `it cannot be read: ${what}`);
}

/** Whether this format reads a file of that name at all. */
export function isDebianPackage(path: string): boolean {
  return ['.deb', '.dsc'].includes(extname(path));
}

interface ReadBinary {
  /** What dpkg reads of the control file, or all of one that dpkg can have nothing against. */
  fields: string;
  entry: string;
  paths: (name: string) => readonly string[];
}

function inspectBinary(file: InputFile, { fields, entry, paths }: ReadBinary): Inspection {
  const stanza = readStanza(file, entry);
  const control = check(file, controlSchema, fieldsByName(stanza));
  const dpkg = fieldsByName(readStanza(file, fields));
  for (const name of ['Package', 'Version', 'Architecture'] as const)
    if (dpkg[name] !== control[name]) throw invalidPackage(file, `dpkg and apt read its ${name} differently`);
  if (fieldsByName(stanza).SHA256 !== file.sha256) throw invalidPackage(file, 'it changed while it was read');
  const { epoch, upstream, revision } = versionParts(control.Version);
  const { Package: name, Architecture: arch } = control;
  const identity: PackageIdentity = {
    ...{ format: 'deb', kind: 'binary', name, epoch, version: upstream, release: revision, arch },
    sourceName: control.Source?.split(' ')[0] ?? name,
    fullName: `${name}_${control.Version}_${arch}`,
    fileName: `${name}_${withoutEpoch(control.Version)}_${arch}.deb`,
    summary: (control.Description.split('\n')[0] ?? '').slice(0, 300),
    provides: relationsOf(control.Provides),
    requires: relationsOf(control['Pre-Depends'], control.Depends),
  };
  const fragment = {
    Packages: formatStanza(withPlace(stanza, PLACE.deb)),
    Contents: contentsLines(paths(name), { name, section: fieldsByName(stanza).Section }),
  };
  return { identity, fragment };
}

function inspectSource(file: InputFile, entry: string): Inspection {
  const stanza = readStanza(file, entry);
  const control = check(file, sourceSchema, fieldsByName(stanza));
  const { epoch, upstream, revision } = versionParts(control.Version);
  const name = control.Package;
  const fileName = `${name}_${withoutEpoch(control.Version)}.dsc`;
  const identity: PackageIdentity = {
    ...{ format: 'deb', kind: 'source', name, epoch, version: upstream, release: revision, arch: 'source' },
    ...{ sourceName: name, fullName: `${name}_${control.Version}_source`, fileName, summary: '', provides: [] },
    requires: relationsOf(control['Build-Depends'], control['Build-Depends-Arch'], control['Build-Depends-Indep']),
  };
  const canonical = canonicalSource(file, stanza, fileName);
  return { identity, fragment: { Sources: formatStanza(withPlace(canonical, PLACE.dsc)) } };
}

function readStanza(file: InputFile, text: string): Field[] {
  try {
    return parseStanza(text);
  } catch (error) {
    throw invalidPackage(file, `its control file has ${error instanceof Error ? error.message : String(error)}`);
  }
}

function check<T extends z.ZodType>(file: InputFile, schema: T, fields: Record<string, string>): z.output<T> {
  const checked = schema.safeParse(fields);
  if (checked.success) return checked.data;
  const words = checked.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw invalidPackage(file, words.join('; '));
}

function withPlace(stanza: readonly Field[], place: string): Field[] {
  return stanza.map((field) => (field.name === place ? { name: place, value: '' } : field));
}

/** File names have no epoch (dpkg-name, dpkg-source). */
function withoutEpoch(version: string): string {
  return version.replace(/^[0-9]+:/, '');
}
