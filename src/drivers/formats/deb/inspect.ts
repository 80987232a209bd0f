import { extname } from 'node:path';
import type { z } from 'zod';
import type { TrunklineError } from '../../../lib/index.ts';
import type { PackageIdentity } from '../../../model/index.ts';
import { decodeWord, invalidPackage, readConfined, type InputFile, type OpenJail } from '../confined-reading.ts';
import type { Inspection } from '../inspection.ts';
import { controlSchema, sourceSchema, versionParts } from './schema.ts';
import { canonicalSource } from './source-files.ts';
import { fieldsByName, formatStanza, parseStanza, relationsOf, type Field } from './stanza.ts';

/**
 * dpkg reads each deb by its own strict rules (a second stanza, a doubled field, an impossible version are refused), apt makes the index entry and
 * notices a missing end; the two must agree on what the package is. Answers `bad <n> <words>`, `deb <n> <dpkg's fields> <entry>` or
 * `dsc <n> <entry>`, words in base64.
 */
const SCRIPT = `
set -u
command -v dpkg-deb >/dev/null && command -v apt-ftparchive >/dev/null || exit 127
cd /in || exit 1
word() { printf %s "$1" | base64 -w0; }
bad() { echo "bad $n $(head -c 400 /tmp/errors | base64 -w0)"; }
index() { apt-ftparchive -o APT::FTPArchive::SHA1=false -o APT::FTPArchive::SHA512=false "$@" 2>>/tmp/errors; }
for n in *; do
  : >/tmp/errors
  if [ -e "$n/package.deb" ]; then
    fields=$(dpkg-deb -f "$n/package.deb" Package Version Architecture 2>>/tmp/errors) || { bad; continue; }
    entry=$(index packages "$n") && [ -n "$entry" ] || { bad; continue; }
    echo "deb $n $(word "$fields") $(word "$entry")"
  else
    entry=$(index sources "$n") && [ -n "$entry" ] || { bad; continue; }
    echo "dsc $n $(word "$entry")"
  fi
done
`;

/** Stands for the address of a package until `writeIndex` knows it: an empty field, of which a stanza has at most one. */
const PLACE = { deb: 'Filename', dsc: 'Directory' } as const;

/** Reads debs and dscs in one jail. @throws TrunklineError `package_invalid` naming the file that is damaged or lies. */
export async function inspectDebs(openJail: OpenJail, files: readonly InputFile[]): Promise<Inspection[]> {
  const answer = await readConfined(openJail, files, {
    label: 'read-deb',
    script: SCRIPT,
    tools: 'dpkg-deb and apt-ftparchive (Debian: dpkg, apt-utils)',
  });
  const lines = new Map(answer.split('\n').map((line) => [line.split(' ')[1], line.split(' ')]));
  return files.map((file, n) => {
    const [word, , first, second] = lines.get(String(n)) ?? [];
    if (word === 'deb') return inspectBinary(file, decodeWord(first), decodeWord(second));
    if (word === 'dsc') return inspectSource(file, decodeWord(first));
    throw unreadable(file, decodeWord(first));
  });
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

function inspectBinary(file: InputFile, fields: string, entry: string): Inspection {
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
  return { identity, fragment: { Packages: formatStanza(withPlace(stanza, PLACE.deb)) } };
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
