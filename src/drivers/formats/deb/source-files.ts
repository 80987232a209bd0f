import { lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256File } from '../../../lib/index.ts';
import type { IndexFragment, PackageFile } from '../../../model/index.ts';
import { invalidPackage, type InputFile } from '../confined-reading.ts';
import { fileLineSchema, type FileLine } from './schema.ts';
import { fieldsByName, parseStanza, type Field } from './stanza.ts';

/** What the dsc is called while it is read; its own lines in the lists of its entry carry this name. */
const NAME_IN_JAIL = 'package.dsc';
const LISTS = ['Files', 'Checksums-Sha256'];

/**
 * The entry of a dsc under its canonical name, its list of files checked: one path component each, none twice, the same in both lists.
 * @throws TrunklineError `package_invalid`
 */
export function canonicalSource(dsc: InputFile, stanza: readonly Field[], fileName: string): Field[] {
  const lists = LISTS.map((name) => linesOf(fieldsByName(stanza)[name] ?? ''));
  const [files, checksums] = lists.map((lines) => lines.map((line) => line[2] ?? ''));
  if (files === undefined || files.join('\n') !== checksums?.join('\n'))
    throw invalidPackage(dsc, 'Files and Checksums-Sha256 name different files');
  if (new Set(files).size !== files.length || files[0] !== NAME_IN_JAIL || files.includes(fileName))
    throw invalidPackage(dsc, 'it names a file twice, or itself');
  for (const line of lists[1] ?? []) parseLine(dsc, line);
  return stanza.map((field) => {
    if (!LISTS.includes(field.name)) return field;
    const lines = linesOf(field.value).map(([sum, size, name]) => [sum, size, name === NAME_IN_JAIL ? fileName : name]);
    return { name: field.name, value: lines.map((line) => `\n ${line.join(' ')}`).join('') };
  });
}

/**
 * The files that a dsc names, found beside it and verified.
 * @throws TrunklineError `package_invalid` when one is missing, is no regular file or is another one.
 */
export async function companionsOf(
  dsc: InputFile,
  fileName: string,
  fragment: IndexFragment,
): Promise<PackageFile['companions']> {
  const stanza = fieldsByName(parseStanza(fragment.Sources ?? ''));
  const named = linesOf(stanza['Checksums-Sha256'] ?? '').map((line) => parseLine(dsc, line));
  return Promise.all(
    named
      .filter((line) => line.fileName !== fileName)
      .map(async (line) => ({ ...line, path: await verified(dsc, line) })),
  );
}

async function verified(dsc: InputFile, line: FileLine): Promise<string> {
  const path = join(dirname(dsc.path), line.fileName);
  const status = await lstat(path).catch(() => undefined);
  if (!status?.isFile()) throw invalidPackage(dsc, `it names ${line.fileName}, which is not a file beside it`);
  if (status.size !== line.size || (await sha256File(path)) !== line.sha256)
    throw invalidPackage(dsc, `${line.fileName} beside it is not the one it names (size or SHA-256 differ)`);
  return path;
}

function linesOf(value: string): string[][] {
  return value
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/[ \t]+/));
}

function parseLine(dsc: InputFile, line: readonly string[]): FileLine {
  const [sha256, size, fileName] = line;
  const checked = fileLineSchema.safeParse({ sha256, size, fileName });
  if (!checked.success || line.length !== 3)
    throw invalidPackage(dsc, checked.error?.issues[0]?.message ?? `"${line.join(' ').slice(0, 80)}" names no file`);
  return checked.data;
}
