import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf, fileSystemError, sha256File, TrunklineError } from '../../lib/index.ts';
import type { FileList, PackageFormat } from '../../model/index.ts';

/** A file of an upload: where it was, and the copy that everything from here on looks at. */
export interface GatheredFile {
  original: string;
  copy: string;
}

/** No larger list is read: names and sums of ten thousand files are 2 MB. */
const MAX_LIST_BYTES = 8e6;

/**
 * Copies what is uploaded to `directory`, which exists and is empty: the files given, what a `.changes` names beside it, what a dsc names beside it.
 * From here on nobody but us can change them. Only names that a package file can have are taken.
 * @throws TrunklineError `not_found`, `invalid_argument` for what cannot be a package, `package_invalid` for a file that is not the one a list names
 */
export async function gatherFiles(
  format: PackageFormat,
  paths: readonly string[],
  directory: string,
): Promise<GatheredFile[]> {
  const gathered = new Map<string, GatheredFile>();
  const listed = new Set<string>();
  await mkdir(directory, { recursive: true, mode: 0o755 });
  for (const path of paths) await take(gathered, path, directory);
  for (const kind of ['.changes', '.dsc'])
    for (const file of [...gathered.values()].filter(({ copy }) => copy.endsWith(kind))) {
      const list = await listOf(format, file);
      for (const one of list?.files ?? []) listed.add(await takeListed(gathered, file, one, directory));
    }
  for (const { copy, original } of gathered.values())
    if (!isRead(format, copy) && !listed.has(basename(copy))) throw unknownKind(format, original);
  return [...gathered.values()];
}

/** Whether the format reads a file of that name for itself. */
function isRead(format: PackageFormat, path: string): boolean {
  return format.name === 'rpm' ? path.endsWith('.rpm') : /\.(deb|dsc|changes)$/.test(path);
}

async function listOf(format: PackageFormat, { copy, original }: GatheredFile): Promise<FileList | null> {
  if ((await stat(copy)).size > MAX_LIST_BYTES)
    throw new TrunklineError('package_invalid', `${JSON.stringify(original)} is too large for a list of files`, {
      where: original,
    });
  return format.readList(copy);
}

/** The copy of a file that `list` names; answers its name. */
async function takeListed(
  gathered: Map<string, GatheredFile>,
  list: GatheredFile,
  named: FileList['files'][number],
  directory: string,
): Promise<string> {
  const original = join(dirname(list.original), named.fileName);
  const who = basename(list.copy);
  const found = await lstat(original).catch(() => undefined);
  if (!found?.isFile())
    throw new TrunklineError('package_invalid', `${who} names ${named.fileName}, which is not a file beside it`, {
      where: list.original,
      hint: `put ${named.fileName} into ${dirname(list.original)}, or upload the packages themselves`,
    });
  await take(gathered, original, directory);
  const { copy } = gathered.get(named.fileName) ?? { copy: join(directory, named.fileName) };
  const [{ size }, digest] = [await stat(copy), await sha256File(copy)];
  if (size === named.size && digest === named.sha256) return named.fileName;
  throw new TrunklineError(
    'package_invalid',
    `${named.fileName} is not the one that ${who} names: it has ${size} bytes and SHA-256 ${digest}, ` +
      `and there are to be ${named.size} bytes with ${named.sha256}`,
    { where: original, hint: 'copy both files again from where they were built' },
  );
}

async function take(gathered: Map<string, GatheredFile>, original: string, directory: string): Promise<void> {
  const name = checkName(original);
  const known = gathered.get(name);
  if (known?.original === original) return;
  const copy = join(directory, name);
  const second = known === undefined ? copy : `${copy}.second`;
  await copyIn(original, second);
  if (known === undefined) gathered.set(name, { original, copy });
  else if ((await sha256File(copy)) !== (await sha256File(second)))
    throw new TrunklineError(
      'repository_conflict',
      `${JSON.stringify(known.original)} and ${JSON.stringify(original)} have one name and different contents`,
      { where: original, hint: 'a version names one file for ever: upload one of the two' },
    );
}

/** Links are followed: whoever calls the command may read what they lead to. */
async function copyIn(original: string, copy: string): Promise<void> {
  try {
    if (!(await stat(original)).isFile())
      throw new TrunklineError('invalid_argument', `${JSON.stringify(original)} is not a file`, { where: original });
    await copyFile(original, copy, constants.COPYFILE_FICLONE);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? ''))
      throw new TrunklineError('not_found', `There is no file ${JSON.stringify(original)}`, { where: original });
    // It is the place of the copy that may be full.
    throw fileSystemError(error, ['ENOSPC', 'EDQUOT', 'EROFS'].includes(errnoOf(error) ?? '') ? copy : original);
  }
}

/** The name of a file, when it is one that a package can have. The directory it lies in may be called anything. */
function checkName(path: string): string {
  const name = basename(path);
  if (/^[A-Za-z0-9_][A-Za-z0-9._+~^:%-]{0,254}$/.test(name)) return name;
  throw new TrunklineError('invalid_argument', `${JSON.stringify(name)} cannot be the name of a package file`, {
    where: JSON.stringify(path),
    hint: 'rename it to what the package is called: name-version-release.arch.rpm, or name_version_arch.deb',
  });
}

function unknownKind(format: PackageFormat, path: string): TrunklineError {
  const kinds = format.name === 'rpm' ? 'RPMs and source RPMs (.rpm)' : '.deb, .dsc and .changes files';
  return new TrunklineError('invalid_argument', `${JSON.stringify(basename(path))} is nothing to upload`, {
    where: path,
    hint: `the target takes ${kinds}, with the files that a .dsc or a .changes names`,
  });
}
