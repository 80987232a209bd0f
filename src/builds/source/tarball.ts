import { mkdtemp, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Mirror, TreeEntry } from '../../lib/git/index.ts';
import { fileSystemError, run, syncDirectory, TEMPORARY, TrunklineError } from '../../lib/index.ts';
import { readSubmodules, submoduleMirror, type Submodule } from './submodules.ts';
import { appendTar, readTar } from './tar-join.ts';

export interface TreeLimits {
  /** Bytes of all files of the tree together, submodules included. */
  bytes: number;
  /** Files of the tree, submodules included. Default 500,000. */
  entries?: number;
}

export interface TreeRequest {
  /** The upstream repository, with `commit` in it. */
  mirror: Mirror;
  commit: string;
  /** The one directory everything lies in: `name-1.2.3`. */
  topDirectory: string;
  limits: TreeLimits;
  /** Where the mirrors of submodules lie (`<data_dir>/git`), or null to leave submodules out. */
  submoduleMirrors: string | null;
  /** The tags that `export-subst` may see, as recorded with the version; those that lead to the commit's ancestors now when not given. */
  tags?: readonly string[];
  /** The tree as a checkout has it, with what `export-ignore` leaves out. */
  whole?: boolean;
  signal?: AbortSignal;
}

export interface TarballRequest extends TreeRequest {
  /** The `.tar.gz` to write. */
  output: string;
  /** Where it is made, in the same file system. Default: beside `output`. */
  workshop?: string;
}

const DEFAULT_ENTRIES = 500_000;
/** A header, its pax records, and padding. */
const BYTES_PER_ENTRY = 2048;
/** Nested submodules name each other by hash and cannot go in circles; a chain can still be made as long as one likes. */
const MAX_DEPTH = 8;

/**
 * Writes the source tarball of a commit, submodules at their commits included. The same commit and tags give the same bytes, whoever makes it, when and
 * from which mirror. Sizes are read from git's trees before a byte is written.
 * @throws TrunklineError `source_invalid` for a tree beyond the limits or a submodule address git must not be given, `project_unreachable` for a
 * submodule, `no_space`.
 */
export async function makeTarball(request: TarballRequest): Promise<void> {
  const { output, workshop = dirname(output), signal } = request;
  await inTemporary(workshop, async (directory) => {
    const tar = join(directory, 'source.tar');
    await writeTree(request, tar);
    await run(['gzip', '-n', '-6', '--', tar], { timeout: 30 * 60_000, ...(signal === undefined ? {} : { signal }) });
    await settle(`${tar}.gz`, output);
  });
}

/** Renames a finished file into place so that it is whole after a power cut. */
export async function settle(temporary: string, path: string): Promise<void> {
  const handle = await open(temporary, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
  await syncDirectory(dirname(path));
}

/** Does `work` in a directory inside `parent` that is removed afterwards; its name begins as everything that is not whole does. */
export async function inTemporary<T>(parent: string, work: (directory: string) => Promise<T>): Promise<T> {
  let directory: string | undefined;
  try {
    directory = await mkdtemp(join(parent, `${TEMPORARY}source-`));
    return await work(directory);
  } catch (error) {
    throw fileSystemError(error, parent);
  } finally {
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  }
}

interface Budget {
  bytes: number;
  entries: number;
}

/** Writes the tree of a commit as an uncompressed tar file. @throws TrunklineError as `makeTarball`. */
export async function writeTree(request: TreeRequest, output: string): Promise<void> {
  const { mirror, commit, topDirectory, limits } = request;
  if (!/^[A-Za-z0-9_][^/\p{Cc}]*$/u.test(topDirectory))
    throw new TrunklineError('invalid_argument', `${JSON.stringify(topDirectory)} cannot be a directory in a tarball`);
  const budget = { bytes: limits.bytes, entries: limits.entries ?? DEFAULT_ENTRIES };
  await addTree(
    request,
    { mirror, commit, prefix: `${topDirectory}/`, depth: 0, ...(request.tags && { tags: request.tags }) },
    budget,
    output,
  );
}

interface Part {
  mirror: Mirror;
  commit: string;
  prefix: string;
  depth: number;
  tags?: readonly string[];
}

async function addTree(request: TreeRequest, part: Part, budget: Budget, output: string): Promise<void> {
  const { mirror, commit, prefix, tags } = part;
  const entries = await mirror.listTree(commit, '', budget);
  spend(budget, entries);
  const submodules = request.submoduleMirrors === null ? [] : await readSubmodules(mirror, entries);
  await mirror.archive({
    commit,
    prefix,
    output,
    maxBytes: request.limits.bytes + entries.length * BYTES_PER_ENTRY + 65_536,
    whole: request.whole ?? false,
    ...(tags === undefined ? {} : { tags }),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  });
  if (submodules.length > 0) await addSubmodules(request, part, submodules, budget, output);
}

function spend(budget: Budget, entries: readonly TreeEntry[]): void {
  budget.entries -= entries.length;
  for (const { size } of entries) budget.bytes -= size;
}

/** Each submodule is archived by itself, so that its own attributes, commit and tags hold, and its entries are appended. */
async function addSubmodules(
  request: TreeRequest,
  part: Part,
  submodules: readonly Submodule[],
  budget: Budget,
  output: string,
): Promise<void> {
  if (part.depth >= MAX_DEPTH)
    throw new TrunklineError('source_invalid', `Submodules are nested more than ${MAX_DEPTH} deep`, {
      where: part.prefix,
    });
  const { end: first, directories } = await readTar(output);
  let end = first;
  for (const submodule of submodules) {
    const prefix = `${part.prefix}${submodule.path}/`;
    // `export-ignore` leaves out a submodule's directory as any other.
    if (!directories.has(Buffer.from(prefix).toString('latin1'))) continue;
    const mirror = await submoduleMirror(
      request.submoduleMirrors ?? '',
      submodule,
      request.signal === undefined ? {} : { signal: request.signal },
    );
    const path = join(dirname(output), `${basename(output)}-${part.depth + 1}`);
    await addTree(request, { mirror, commit: submodule.commit, prefix, depth: part.depth + 1 }, budget, path);
    end = await appendTar(output, end, path);
    await rm(path);
  }
}
