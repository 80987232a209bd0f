import { TrunklineError } from '../../../lib/index.ts';
import type { PackageVersion } from '../../../model/index.ts';
import { foreignConditionals } from './spec-changelog.ts';
import { checkConditionals, readSpecLines, sectionsOf, type SpecLine, type SpecSection } from './spec-lines.ts';
import { enterTopDirectory } from './spec-setup.ts';
import { definitionsOf, soleMacro, tagsOf, type SpecTag } from './spec-tags.ts';

export interface SpecEdits {
  name: string;
  version: PackageVersion;
  /** File name of the upstream tarball. */
  tarball: string;
  topDirectory: string;
  /** The lines of the new changelog section, header included. */
  changelog: readonly string[];
}

/**
 * The spec with the version, the source and the changelog of a trunk build. Changed are lines of the main package's preamble, `%setup` and
 * `%autosetup` of source 0, and the changelog; every other line stays as it is, but for DLRN's `UPSTREAMVERSION`. Macros are not expanded.
 * @throws TrunklineError `source_invalid` with file and line.
 */
export function editSpec(text: string, file: string, edits: SpecEdits): string {
  const lines = readSpecLines(text, file);
  checkConditionals(lines, file);
  const sections = sectionsOf(lines);
  const preamble = sections[0] ?? { name: 'preamble', lines: [] };
  for (const { name, lines: own } of sections)
    if (name !== 'changelog') for (const line of own) line.text = withUpstreamVersion(line.text, edits);
  editPreamble(preamble, sections, file, edits);
  for (const { name, lines: own } of sections) if (name === 'prep') enterTopDirectory(own, edits.topDirectory);
  const kept = sections.flatMap((section) =>
    section.name === 'changelog' ? foreignConditionals(section) : section.lines.map((line) => line.text),
  );
  return [...kept, '', ...edits.changelog, ''].join('\n');
}

/** DLRN's placeholder for the version as upstream says it. */
function withUpstreamVersion(text: string, edits: SpecEdits): string {
  return text.replace(/(?<![A-Za-z0-9_])UPSTREAMVERSION(?![A-Za-z0-9_])/g, upstreamVersion(edits));
}

function upstreamVersion({ version }: SpecEdits): string {
  return version.base.replace(/^[0-9]+!/, '');
}

function editPreamble(preamble: SpecSection, sections: readonly SpecSection[], file: string, edits: SpecEdits): void {
  const { version } = edits;
  const tags = tagsOf(preamble.lines);
  const named = (name: string): SpecTag[] => tags.filter((tag) => tag.name === name);
  const versions = named('version');
  const first = versions[0];
  if (first === undefined)
    throw new TrunklineError('source_invalid', 'The spec has no Version tag for its main package', {
      where: file,
      hint: 'write a line "Version: 0" before the first %description or %package; its value is replaced',
    });
  const macros = new Set(versions.flatMap(({ value }) => soleMacro(value) ?? []));
  defineVersions(preamble, macros, edits);
  for (const tag of versions) tag.line.text = `${tag.lead}${version.version}`;
  for (const tag of named('release')) tag.line.text = `${tag.lead}${releaseTag(version)}`;
  const missing: string[] = [];
  if (named('release').length === 0) missing.push(`Release: ${releaseTag(version)}`);
  if (version.epoch !== null) {
    const old = new Set(named('epoch').map(({ line }) => line));
    preamble.lines = preamble.lines.filter((line) => !old.has(line));
    missing.push(`Epoch: ${String(version.epoch)}`);
  }
  // Behind every Version there is, since one of a conditional's branches holds.
  for (const tag of versions) tag.line.text = [tag.line.text, ...missing].join('\n');
  setSource(tags, sections, first, edits.tarball);
}

/** The Release tag. A forced rebuild's number stands behind `%{?dist}`: `5.r1.suse` would be older than `5.suse`. */
export function releaseTag({ release }: PackageVersion): string {
  const [, number = '', rebuilt = ''] = /^(.*?)(\.r[0-9]+)?$/.exec(release ?? '') ?? [];
  return `${number}%{?dist}${rebuilt}`;
}

function setSource(
  tags: readonly SpecTag[],
  sections: readonly SpecSection[],
  version: SpecTag,
  tarball: string,
): void {
  const sources = tags.filter(({ source }) => source === 0);
  for (const tag of sources) tag.line.text = `${tag.lead}${tarball}`;
  if (sources.length > 0) return;
  const listed = sections
    .filter(({ name }) => name === 'sourcelist')
    .flatMap(({ lines }) => lines.slice(1))
    .find(({ text }) => text.trim() !== '' && !/^\s*[#%]/.test(text));
  if (listed !== undefined && !tags.some(({ source }) => source !== null)) listed.text = tarball;
  else version.line.text += `\nSource0: ${tarball}`;
}

/**
 * Sets the macros that stand for the version: the spec's own one that its Version consists of, and DLRN's `upstream_version` (as upstream says
 * it), `dlrn` and `dlrn_nvr`, which are put at the top where the spec does not define them.
 */
function defineVersions(preamble: SpecSection, macros: ReadonlySet<string>, edits: SpecEdits): void {
  const { name, version } = edits;
  const values = new Map([
    ['upstream_version', upstreamVersion(edits)],
    ['dlrn', '1'],
    ['dlrn_nvr', `${name}-${version.version}-${version.release ?? ''}`],
    ...[...macros].map((macro) => [macro, version.version] as const),
  ]);
  const found = new Set<string>();
  for (const definition of definitionsOf(preamble.lines)) {
    const value = values.get(definition.name);
    if (value === undefined) continue;
    definition.line.text = `${definition.lead}${value}`;
    found.add(definition.name);
  }
  const top = (['dlrn_nvr', 'dlrn', 'upstream_version'] as const).filter((macro) => !found.has(macro));
  const added = top.map((macro): SpecLine => ({
    text: `%${macro === 'upstream_version' ? 'define' : 'global'} ${macro} ${values.get(macro) ?? ''}`,
    number: 0,
  }));
  preamble.lines.unshift(...added);
}
