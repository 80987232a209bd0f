import { posix } from 'node:path';
import type { ListLimits, Mirror, TreeEntry } from '../../lib/git/index.ts';
import { TrunklineError } from '../../lib/index.ts';
import type { FormatName, PackagingFile } from '../../model/index.ts';

/** A packaging is a few files and patches; a repository that holds more is the wrong directory. */
export const PACKAGING_LIMITS: ListLimits = { entries: 10_000, bytes: 64 * 1024 ** 2 };

export interface PackagingOptions {
  limits?: ListLimits;
  /** `deb`: where there is a directory `debian/`, it alone is read; many a repository holds the whole upstream source beside it. */
  format?: FormatName;
}

/**
 * The files of a packaging directory as git has them, paths relative to `path` ('' is the repository's top). No file is checked out, no filter run and
 * no link followed: a symbolic link is its text.
 * @throws TrunklineError `source_invalid` when there is no such directory, it is too large, or holds submodules or names that are not UTF-8.
 */
export async function readPackaging(
  mirror: Mirror,
  commit: string,
  path: string,
  options: PackagingOptions = {},
): Promise<PackagingFile[]> {
  const entries = await listPackaging(mirror, commit, path, options);
  for (const entry of entries) checkEntry(entry, commit);
  const blobs = await mirror.readBlobs(entries.map(({ object }) => object));
  return entries.map(({ path: name, kind, object }) => {
    const content = blobs.get(object) ?? new Uint8Array();
    return kind === 'link'
      ? { path: name, content: new Uint8Array(), executable: false, link: Buffer.from(content).toString() }
      : { path: name, content, executable: kind === 'executable', link: null };
  });
}

async function listPackaging(
  mirror: Mirror,
  commit: string,
  path: string,
  { format, limits = PACKAGING_LIMITS }: PackagingOptions,
): Promise<TreeEntry[]> {
  if (format === 'deb') {
    const debian = await orUndefined(mirror.listTree(commit, posix.join(path, 'debian'), limits));
    if (debian !== undefined) return debian.map((entry) => ({ ...entry, path: `debian/${entry.path}` }));
  }
  const entries = await orUndefined(mirror.listTree(commit, path, limits));
  if (entries !== undefined) return entries;
  throw new TrunklineError(
    'source_invalid',
    `The packaging repository has no directory ${JSON.stringify(path)} at commit ${commit.slice(0, 12)}`,
    { where: mirror.url, hint: "correct the packaging's path in the configuration, or push the directory" },
  );
}

async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof TrunklineError && error.code === 'not_found') return undefined;
    throw error;
  }
}

function checkEntry({ path, kind, utf8 }: TreeEntry, commit: string): void {
  if (kind === 'submodule')
    throw new TrunklineError('source_invalid', `The packaging has a submodule, ${JSON.stringify(path)}`, {
      where: `${commit.slice(0, 12)}:${path}`,
      hint: 'put the files themselves into the packaging repository',
    });
  if (!utf8)
    throw new TrunklineError(
      'source_invalid',
      `The packaging has a file name that is not UTF-8: ${JSON.stringify(path)}`,
      {
        where: commit,
        hint: 'rename the file',
      },
    );
}
