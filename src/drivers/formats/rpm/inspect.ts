import type { IndexFragment, PackageIdentity } from '../../../model/index.ts';
import { decodeWord, invalidPackage, readConfined, type InputFile, type OpenJail } from '../confined-reading.ts';
import type { Inspection } from '../inspection.ts';
import { parsePrimary, type PrimaryEntry } from './primary.ts';
import { rpmHeaderSchema, type RpmHeader } from './schema.ts';

/** Stands for the address of the package until `writeIndex` knows it. createrepo_c escapes `<` in texts, so it occurs nowhere else. */
export const LOCATION = '<location href=""/>';
export const INDEX_NAMES = ['primary', 'filelists', 'other'] as const;
type IndexName = (typeof INDEX_NAMES)[number];

/**
 * `rpmkeys -K` proves header and payload digests (createrepo_c would index a package whose end is missing); createrepo_c makes the entries.
 * Answers lines `bad <n> <words>`, or `<index name> <XML>`, words in base64.
 */
const SCRIPT = `
set -u
command -v rpmkeys >/dev/null && command -v createrepo_c >/dev/null || exit 127
cd /in && mkdir -p /tmp/out || exit 1
check() { rpmkeys --dbpath /tmp/rpmdb -K --nosignature "$@" 2>&1; }
if ! check */package.rpm >/dev/null; then
  for n in *; do words=$(check "$n/package.rpm") || echo "bad $n $(printf %s "$words" | head -c 400 | base64 -w0)"; done
  exit 0
fi
createrepo_c --quiet --no-database --simple-md-filenames --general-compress-type=gz --checksum=sha256 --outputdir=/tmp/out . >&2 || exit 1
cd /tmp/out/repodata && gzip -d primary.xml.gz filelists.xml.gz other.xml.gz || exit 1
for index in primary filelists other; do printf '%s ' "$index"; base64 -w0 "$index.xml"; echo; done
`;

/** Reads RPMs in one jail. @throws TrunklineError `package_invalid` naming the file that is damaged or lies. */
export async function inspectRpms(openJail: OpenJail, files: readonly InputFile[]): Promise<Inspection[]> {
  const answer = await readConfined(openJail, files, {
    label: 'read-rpm',
    script: SCRIPT,
    tools: 'createrepo_c and rpm (Debian: createrepo-c, rpm)',
  });
  const indices = readAnswer(answer, files);
  return files.map((file) => {
    const fragment: Record<IndexName, string> = { primary: '', filelists: '', other: '' };
    for (const index of INDEX_NAMES) {
      const text = indices[index].get(file.sha256);
      if (text === undefined) throw invalidPackage(file, `createrepo_c could not read it (no entry in ${index})`);
      fragment[index] = text;
    }
    return inspectOne(file, fragment);
  });
}

function inspectOne(file: InputFile, fragment: Record<IndexName, string>): Inspection {
  let entry: PrimaryEntry;
  try {
    entry = parsePrimary(fragment.primary);
  } catch (error) {
    throw invalidPackage(file, `its index entry is not well-formed: ${String(error)}`);
  }
  const checked = rpmHeaderSchema.safeParse({
    ...{ name: entry.name, epoch: entry.epoch, version: entry.version, release: entry.release },
    ...{ arch: entry.arch === 'nosrc' ? 'src' : entry.arch, sourceRpm: entry.sourceRpm },
  });
  if (!checked.success) throw invalidPackage(file, checked.error.issues.map((issue) => issue.message).join('; '));
  if (checked.data.arch === 'src' && checked.data.sourceRpm !== '')
    throw invalidPackage(file, `it says that it is a source RPM and that it was built from ${checked.data.sourceRpm}`);
  const stable: IndexFragment = { ...fragment, primary: withoutCircumstances(file, fragment.primary) };
  return { identity: identityOf(checked.data, entry), fragment: stable };
}

function identityOf(header: RpmHeader, entry: PrimaryEntry): PackageIdentity {
  const { name, version, release, arch } = header;
  const epoch = header.epoch === '0' ? null : header.epoch;
  const source = arch === 'src';
  return {
    ...{ format: 'rpm', kind: source ? 'source' : 'binary', name, epoch, version, release, arch },
    sourceName: header.sourceRpm === '' ? name : header.sourceRpm.replace(/-[^-]+-[^-]+$/, ''),
    fullName: `${name}-${epoch === null ? '' : `${epoch}:`}${version}-${release}.${arch}`,
    fileName: `${name}-${version}-${release}.${arch}.rpm`,
    summary: (entry.summary.split('\n')[0] ?? '').slice(0, 300),
    provides: [...entry.provides],
    requires: [...entry.requires],
  };
}

/** An entry without what depends on where and when it was read: the address and the file's time, for which the build time stands. */
function withoutCircumstances(file: InputFile, primary: string): string {
  const located = primary.replace(/<location [^>]*\/>/, LOCATION);
  if (located.split('<location ').length !== 2) throw invalidPackage(file, 'its index entry has no single location');
  return located.replace(/<time file="[0-9]+" build="([0-9]+)"\/>/, '<time file="$1" build="$1"/>');
}

/** The package elements of each index by digest. */
function readAnswer(answer: string, files: readonly InputFile[]): Record<IndexName, Map<string, string>> {
  const indices = {
    primary: new Map<string, string>(),
    filelists: new Map<string, string>(),
    other: new Map<string, string>(),
  };
  for (const line of answer.split('\n')) {
    const [word, ...rest] = line.split(' ');
    if (word === 'bad') {
      const file = files[Number(rest[0])] ?? { path: 'a package' };
      throw invalidPackage(file, `rpm refuses it: ${decodeWord(rest[1]).replaceAll(/\s*\n\s*/g, '; ')}`);
    }
    const index = INDEX_NAMES.find((name) => name === word);
    if (index !== undefined) splitPackages(index, decodeWord(rest[0]), indices[index]);
  }
  return indices;
}

function splitPackages(index: IndexName, xml: string, into: Map<string, string>): void {
  for (const [element] of xml.matchAll(/<package [\s\S]*?<\/package>\n/g)) {
    const digest =
      index === 'primary'
        ? /<checksum type="sha256" pkgid="YES">([0-9a-f]{64})<\/checksum>/.exec(element)?.[1]
        : /^<package pkgid="([0-9a-f]{64})"/.exec(element)?.[1];
    if (digest !== undefined) into.set(digest, element);
  }
}
