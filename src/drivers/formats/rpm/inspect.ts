import { decompress, type TrunklineError } from '../../../lib/index.ts';
import type { IndexFragment, PackageIdentity } from '../../../model/index.ts';
import { invalidPackage, type InputFile, type OpenJail } from '../confined-reading.ts';
import type { Inspect, Inspection } from '../inspection.ts';
import { createReader, MAX_ANSWER_BYTES, type Reader } from '../reader.ts';
import { createWarmReader, type WarmReader } from '../warm-reader.ts';
import { INDEX_NAMES, LOCATION } from './index-names.ts';
import { parsePrimary, type PrimaryEntry } from './primary.ts';
import { rpmHeaderSchema, type RpmHeader } from './schema.ts';
import { readWarmRpms, WARM_RPM } from './warm-reading.ts';

/** So many files or fewer are read by the libraries. */
const MANY = 64;

type IndexName = (typeof INDEX_NAMES)[number];

/**
 * `rpmkeys -K` proves header and payload digests (createrepo_c would index a package whose end is missing); createrepo_c makes the entries. Started
 * ahead, both wait at named pipes, with a place for each file that may come: loading createrepo_c takes longer than its work on a small package. Its
 * two pipes stand around the places in the order of its list and in that of names, one of which it goes by.
 */
const SCRIPT = `
command -v rpmkeys >/dev/null && command -v createrepo_c >/dev/null || exit 127
n=0 files= gate=
while [ $n -lt $1 ]; do files="$files in/$n/package.rpm" n=$((n + 1)); done
if [ "$2" = ahead ]; then gate=keys.rpm; mkfifo ./+gate.rpm ./~gate.rpm $gate; else arrive || exit 1; fi
{
  [ -z "$gate" ] || echo +gate.rpm
  printf '%s\n' $files
  [ -z "$gate" ] || echo '~gate.rpm'
} >list
createrepo_c --quiet --no-database --simple-md-filenames --general-compress-type=gz --checksum=sha256 --workers=1 \
  --outputdir=index --pkglist=list . >out/errors 2>&1 &
index=$!
rpmkeys --dbpath /tmp/rpmdb -K --nosignature $gate $files >out/keys 2>out/words &
keys=$!
if [ -n "$gate" ]; then
  arrive || exit 1
  for g in ./+gate.rpm ./~gate.rpm $gate; do : >$g & done
fi
wait $index
wait $keys
cd index/repodata && [ -e other.xml.gz ] || { cat /tmp/out/errors >&2; exit 1; }
answer *.xml.gz /tmp/out/keys /tmp/out/words
`;

/**
 * Reads RPMs, each call's apart from all others: with the libraries of both programs in a process that has loaded them, where that takes them without
 * a complaint, else with the programs in a jail. It @throws TrunklineError `package_invalid` naming the file that is damaged or lies.
 */
export function createRpmInspection(openJail: OpenJail): Inspect {
  const warm = createWarmReader(openJail, { label: 'read-rpm', program: WARM_RPM });
  const reader = createReader(openJail, {
    label: 'read-rpm',
    script: SCRIPT,
    tools: 'createrepo_c and rpm (Debian: createrepo-c, rpm)',
  });
  return async (files) => {
    const entries = (await readWarm(warm, files)) ?? (await readInJail(reader, files));
    return files.map((file, n) => {
      const fragment = entries[n] ?? {};
      for (const index of INDEX_NAMES)
        if (fragment[index] === undefined)
          throw invalidPackage(file, `createrepo_c could not read it (no entry in ${index})`);
      return inspectOne(file, fragment as Record<IndexName, string>);
    });
  };
}

type Entries = Partial<Record<IndexName, string>>;

async function readWarm(warm: WarmReader, files: readonly InputFile[]): Promise<Entries[] | undefined> {
  // createrepo_c writes the entries of many sooner than they come through a pipe.
  const answer = files.length > MANY ? undefined : await readWarmRpms(warm, files);
  if (answer === undefined) return undefined;
  const { keys, words, entries } = answer;
  const complaint = complaintAbout(files, keys, words);
  const whole = files.every((file, n) => {
    const one: Entries = entries[n] ?? {};
    return INDEX_NAMES.every((index) => splitPackages(index, one[index] ?? '').get(file.sha256) === one[index]);
  });
  return complaint === undefined && whole ? entries : undefined;
}

async function readInJail(reader: Reader, files: readonly InputFile[]): Promise<Entries[]> {
  const early = await readRpms(reader, files, false);
  // Only if another version of createrepo_c came to the places before the files did.
  return early.every(isWhole) ? early : readRpms(reader, files, true);
}

function isWhole(entries: Entries): boolean {
  return INDEX_NAMES.every((index) => entries[index] !== undefined);
}

/** The package elements of each file. */
async function readRpms(reader: Reader, files: readonly InputFile[], fresh: boolean): Promise<Entries[]> {
  const answer = await reader.read(files, { fresh });
  const complaint = complaintAbout(files, text(answer, 'keys'), text(answer, 'words'));
  if (complaint !== undefined) throw complaint;
  const indices = await Promise.all(
    INDEX_NAMES.map(async (index) => [index, splitPackages(index, await unpack(files, answer, index))] as const),
  );
  return files.map((file) => Object.fromEntries(indices.map(([index, entries]) => [index, entries.get(file.sha256)])));
}

/** An index as createrepo_c left it; it cannot leave one uncompressed, and unpacking it here saves a process. */
async function unpack(
  files: readonly InputFile[],
  answer: ReadonlyMap<string, Buffer>,
  index: IndexName,
): Promise<string> {
  const packed = answer.get(`${index}.xml.gz`) ?? Buffer.alloc(0);
  try {
    return (await decompress(packed, 'gzip', { most: MAX_ANSWER_BYTES })).toString('utf8');
  } catch {
    throw invalidPackage(
      { path: files.map(({ path }) => path).join(', ') },
      `its entries in ${index} are damaged or longer than ${String(MAX_ANSWER_BYTES)} bytes`,
    );
  }
}

function text(answer: ReadonlyMap<string, Buffer>, name: string): string {
  return answer.get(name)?.toString('utf8') ?? '';
}

/** Takes rpmkeys at its word about every file: `in/<n>/package.rpm: digests OK`, with its complaint about the pipe before the first. */
function complaintAbout(files: readonly InputFile[], keys: string, words: string): TrunklineError | undefined {
  const said = new Map<number, string>();
  for (const [, place, verdict] of keys.matchAll(/^(?:keys\.rpm: *)?in\/([0-9]+)\/package\.rpm: (.*)$/gm))
    said.set(Number(place), verdict ?? '');
  for (const [place, file] of files.entries()) {
    const verdict = said.get(place) ?? 'no word of its digests';
    if (/^digests( signatures)? OK$/.test(verdict)) continue;
    const own = words.split('\n').filter((line) => line.includes(`in/${String(place)}/package.rpm`));
    const complaint = [...own, verdict].map((line) => line.replace(`in/${String(place)}/`, '')).join('; ');
    return invalidPackage(file, `rpm refuses it: ${complaint.slice(0, 400)}`);
  }
  return undefined;
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

/** The package elements of an index by digest. */
function splitPackages(index: IndexName, xml: string): Map<string, string> {
  const entries = new Map<string, string>();
  for (const [element] of xml.matchAll(/<package [\s\S]*?<\/package>\n/g)) {
    const digest =
      index === 'primary'
        ? /<checksum type="sha256" pkgid="YES">([0-9a-f]{64})<\/checksum>/.exec(element)?.[1]
        : /^<package pkgid="([0-9a-f]{64})"/.exec(element)?.[1];
    if (digest !== undefined) entries.set(digest, element);
  }
  return entries;
}
