import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TrunklineError } from '../errors.ts';
import { TEMPORARY } from '../files.ts';
import { ProcessError } from '../run.ts';
import { createBare } from './bare.ts';
import { git, limitedFiles, type Repository } from './command.ts';
import { isCommitHash } from './names.ts';

export interface ArchiveRequest {
  commit: string;
  /** Directory all names start with, ending in a slash. */
  prefix: string;
  /** The tar file to write, uncompressed. What it is made from lies beside it meanwhile. */
  output: string;
  /** Bytes the tar file may have. A tree that expands beyond (`export-subst`) is refused. */
  maxBytes: number;
  /** Names of the tags that `export-subst` may see; those that point at the commit's ancestors now when not given. */
  tags?: readonly string[];
  /** Take what `export-ignore` leaves out too: the tree as a checkout has it. */
  whole?: boolean;
  signal?: AbortSignal;
}

/** Bytes of memory for git-archive, whose `export-subst` turns ten bytes into thousands. */
const MEMORY = 2 * 1024 ** 3;

/**
 * Writes the tree of a commit as a tar file: git-archive's form, modes without the umask, every time the commit's. `export-ignore` and `export-subst`
 * hold. The bytes follow from the commit and the tags: it is made in a repository that has no branches and no other tags, so that `%d` and
 * `%(describe)` say the same whatever a mirror holds besides.
 * @throws TrunklineError `source_invalid` when it outgrows `maxBytes`.
 */
export async function archive(repository: Repository, request: ArchiveRequest): Promise<void> {
  const { commit, output, maxBytes } = request;
  if (!isCommitHash(commit))
    throw new TrunklineError('invalid_argument', `${JSON.stringify(commit)} is no commit hash`);
  const directory = await mkdtemp(join(dirname(output), `${TEMPORARY}archive-`));
  const bare = { path: join(directory, 'view.git'), alternates: [join(repository.path, 'objects')] };
  try {
    await createBare(bare.path);
    await writeFile(join(bare.path, 'packed-refs'), await tagReferences(repository, commit, request.tags), 'latin1');
    if (request.whole === true) {
      await mkdir(join(bare.path, 'info'));
      await writeFile(join(bare.path, 'info/attributes'), '* -export-ignore\n');
    }
    await git(bare, ['archive', '--format=tar', `--prefix=${request.prefix}`, `--output=${output}`, commit], {
      launcher: [...limitedFiles(maxBytes), 'prlimit', `--data=${MEMORY}`, '--'],
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
  } catch (error) {
    throw archiveError(error, request);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The content of a packed-refs file with the tags that lead to `commit`'s ancestors, byte for byte. */
async function tagReferences(repository: Repository, commit: string, only?: readonly string[]): Promise<string> {
  const args = ['for-each-ref', '--format=%(objectname) %(refname)', `--merged=${commit}`, 'refs/tags/'];
  const { stdout } = await git(repository, args, { encoding: 'latin1' });
  if (only === undefined) return stdout;
  const names = new Set(only.map((tag) => `refs/tags/${Buffer.from(tag).toString('latin1')}`));
  const lines = stdout.split('\n').filter((line) => names.has(line.slice(line.indexOf(' ') + 1)));
  return lines.map((line) => `${line}\n`).join('');
}

function archiveError(error: unknown, { commit, maxBytes, signal }: ArchiveRequest): unknown {
  if (!(error instanceof ProcessError) || error.code === 'missing_tool' || signal?.aborted) return error;
  if (/No space left|Disk quota/.test(error.stderr))
    return new TrunklineError('no_space', `No space to archive commit ${commit.slice(0, 12)}`, {
      hint: 'free space, then run again',
      cause: error,
    });
  if (/File too large|[Oo]ut of memory/.test(error.stderr))
    return new TrunklineError(
      'source_invalid',
      `The archive of commit ${commit.slice(0, 12)} outgrows ${Math.round(maxBytes / 1024 ** 2)} MiB`,
      { where: commit, hint: 'look for export-subst in .gitattributes, and for large files', cause: error },
    );
  const path = /invalid path '(.*)'/.exec(error.stderr)?.[1];
  if (path !== undefined)
    return new TrunklineError('source_invalid', `git refuses the path ${JSON.stringify(path)} in the tree`, {
      where: commit,
      hint: 'a .gitmodules that is a link is one such; make it a file, or remove it',
      cause: error,
    });
  return error;
}
