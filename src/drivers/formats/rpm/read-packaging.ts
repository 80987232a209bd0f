import { basename } from 'node:path';
import { TrunklineError } from '../../../lib/index.ts';
import type { PackagingFile, PackagingSummary } from '../../../model/index.ts';
import { regularFiles, type RegularFile } from '../packaging-tree.ts';
import { checkConditionals, readSpecLines, sectionsOf, type SpecLine } from './spec-lines.ts';
import { definitionsOf, expandPlainly, tagsOf } from './spec-tags.ts';

const MAX_SPEC_BYTES = 4 * 1024 * 1024;

export interface RpmPackaging {
  /** The path of the spec file in the packaging directory. */
  specPath: string;
  /** Its bytes, a character each: a spec's encoding is its own affair. */
  spec: string;
  /** Everything else: path below SOURCES → content. */
  sources: readonly RegularFile[];
}

/**
 * What a packaging directory says of its source package; its spec is read, not run.
 * @throws TrunklineError `source_invalid` with file and line when there is no spec, or several, or its lines cannot be told apart.
 */
export function readPackaging(files: readonly PackagingFile[]): PackagingSummary {
  return { ...summarise(openPackaging(files)), native: false };
}

/**
 * The one spec of a packaging directory and the files beside it: `foo.spec` and its sources in one directory, as a distgit has them, or
 * `SPECS/` and `SOURCES/`, as an unpacked SRPM does.
 * @throws TrunklineError `source_invalid`.
 */
export function openPackaging(files: readonly PackagingFile[]): RpmPackaging {
  const all = regularFiles(files);
  const flat = all.filter(({ path }) => /^[^/]+\.spec$/.test(path));
  const specs = flat.length > 0 ? flat : all.filter(({ path }) => /^SPECS\/[^/]+\.spec$/.test(path));
  const spec = specs[0];
  if (spec === undefined) throw noSpec(all);
  if (specs.length > 1)
    throw new TrunklineError(
      'source_invalid',
      `The packaging has ${String(specs.length)} spec files: ${specs.map(({ path }) => path).join(', ')}`,
      { hint: "keep one, or move each into a directory of its own and name that directory as the packaging's path" },
    );
  if (spec.content.length > MAX_SPEC_BYTES || spec.content.includes(0))
    throw new TrunklineError('source_invalid', 'The spec is no text file of at most 4 MiB', {
      where: spec.path,
      hint: 'put a spec file there',
    });
  const lead = flat.length > 0 ? '' : 'SOURCES/';
  return {
    specPath: spec.path,
    spec: Buffer.from(spec.content).toString('latin1'),
    sources: all
      .filter((file) => file !== spec && file.path.startsWith(lead))
      .map((file) => ({ ...file, path: file.path.slice(lead.length) })),
  };
}

function noSpec(files: readonly RegularFile[]): TrunklineError {
  const template = files.find(({ path }) => path.endsWith('.spec.j2'));
  const listed = files
    .slice(0, 5)
    .map(({ path }) => path)
    .join(', ');
  const found = files.length === 0 ? 'it has no files' : `it has ${listed}${files.length > 5 ? '…' : ''}`;
  return new TrunklineError('source_invalid', `There is no spec file in the packaging directory: ${found}`, {
    ...(template === undefined ? {} : { where: template.path }),
    hint:
      template === undefined
        ? "add one, or name the directory that holds it as the packaging's path"
        : 'render the template with renderspec and commit the result; templates are not read',
  });
}

/** Name and epoch of the main package. Where the name needs macros that the spec does not plainly define, it is the spec's file name. */
export function summarise({ specPath, spec }: RpmPackaging): { name: string; epoch: number | null } {
  const lines = readSpecLines(spec, specPath);
  checkConditionals(lines, specPath);
  const preamble = sectionsOf(lines)[0]?.lines ?? [];
  const definitions = plainDefinitions(preamble);
  const tags = tagsOf(preamble);
  const nameTag = tags.find(({ name }) => name === 'name');
  if (nameTag === undefined)
    throw new TrunklineError('source_invalid', 'The spec has no Name tag', {
      where: specPath,
      hint: 'write a line such as "Name: foo" before the first %description or %package',
    });
  const name = expandPlainly(nameTag.value, definitions) ?? basename(specPath, '.spec');
  if (!/^[A-Za-z0-9_][A-Za-z0-9._+-]{0,199}$/.test(name))
    throw new TrunklineError('source_invalid', `${JSON.stringify(name)} is no name for a package`, {
      where: `${specPath}:${String(nameTag.line.number)}`,
      hint: 'write the name with letters, digits and ._+- only',
    });
  const epoch = expandPlainly(tags.find((tag) => tag.name === 'epoch')?.value ?? '', definitions) ?? '';
  return { name, epoch: /^[0-9]{1,10}$/.test(epoch) ? Number(epoch) : null };
}

function plainDefinitions(preamble: readonly SpecLine[]): Map<string, string> {
  const definitions = new Map<string, string>();
  for (const { name, body } of definitionsOf(preamble)) definitions.set(name, body);
  for (const tag of tagsOf(preamble)) if (!definitions.has(tag.name)) definitions.set(tag.name, tag.value);
  return definitions;
}
