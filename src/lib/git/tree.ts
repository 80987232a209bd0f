import { TrunklineError } from '../errors.ts';
import { ProcessError } from '../run.ts';
import { git, type Repository } from './command.ts';
import { isCommitHash } from './names.ts';

export interface TreeEntry {
  /** As stored, from the directory that was listed. A name that is not UTF-8 has each byte as one character and `utf8` false. */
  path: string;
  utf8: boolean;
  kind: 'file' | 'executable' | 'link' | 'submodule';
  /** Object name: a blob's, or the commit of a submodule. */
  object: string;
  /** Bytes; 0 for a submodule. */
  size: number;
}

export interface ListLimits {
  /** Files, links and submodules. */
  entries: number;
  /** Bytes of all files together. */
  bytes: number;
}

const MEBIBYTE = 1024 ** 2;

/**
 * The files at and below `path`, checked: no name that leads elsewhere when it is unpacked (`..`, `.git`, a slash), and no more than the limits, which
 * also hold for trees that contain themselves a million times.
 */
export async function listTree(
  repository: Repository,
  commit: string,
  path: string,
  limits: ListLimits,
): Promise<TreeEntry[]> {
  if (!isCommitHash(commit))
    throw new TrunklineError('invalid_argument', `${JSON.stringify(commit)} is no commit hash`);
  const listing = await readListing(repository, commit, path, limits);
  const entries: TreeEntry[] = [];
  let [bytes, largest] = [0, { path: '', size: -1 }];
  for (const line of listing.split('\0')) {
    if (line === '') continue;
    const entry = parseEntry(line, commit);
    entries.push(entry);
    bytes += entry.size;
    if (entry.size > largest.size) largest = entry;
    if (entries.length > limits.entries) throw tooManyFiles(commit, limits);
  }
  if (bytes > limits.bytes)
    throw new TrunklineError(
      'source_invalid',
      `The tree has ${mebibytes(bytes)} MiB of files, and ${mebibytes(limits.bytes)} MiB are allowed; the largest is ` +
        `${JSON.stringify(largest.path)} with ${mebibytes(largest.size)} MiB`,
      { where: commit, hint: 'remove the file from the repository, or raise the limit for trusted projects' },
    );
  requireOnePlaceEach(entries, commit);
  return entries;
}

/** A name twice, or a link that is also a directory, would be written through the link when it is unpacked. */
function requireOnePlaceEach(entries: readonly TreeEntry[], commit: string): void {
  const paths = new Set(entries.map(({ path }) => path));
  const above = new Set(entries.map(({ path }) => path.slice(0, Math.max(0, path.lastIndexOf('/')))));
  for (const directory of above)
    for (let at = directory; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('/'))))
      if (paths.has(at)) throw badEntry(commit, at, 'is a file and a directory at once');
  if (paths.size === entries.length) return;
  const seen = new Set<string>();
  for (const { path } of entries) {
    if (seen.has(path)) throw badEntry(commit, path, 'is there twice');
    seen.add(path);
  }
}

const mebibytes = (bytes: number) => (bytes / MEBIBYTE).toFixed(1);

async function readListing(repository: Repository, commit: string, path: string, limits: ListLimits): Promise<string> {
  const tree = path === '' ? `${commit}^{tree}` : `${commit}:${path}`;
  const maxOutput = Math.min(256 * MEBIBYTE, 400 * limits.entries + MEBIBYTE);
  try {
    const { stdout } = await git(repository, ['ls-tree', '-r', '-l', '-z', '--full-tree', tree], {
      encoding: 'latin1',
      maxOutput,
    });
    return stdout;
  } catch (error) {
    if (!(error instanceof ProcessError)) throw error;
    if (error.stdout.length >= maxOutput) throw tooManyFiles(commit, limits);
    if (error.exitCode !== 128) throw tooManyFiles(commit, limits);
    throw new TrunklineError(
      'not_found',
      `There is no directory ${JSON.stringify(path)} at commit ${commit.slice(0, 12)}`,
      {
        where: commit,
        hint: 'correct the path in the configuration, or push the directory',
        cause: error,
      },
    );
  }
}

function tooManyFiles(commit: string, limits: ListLimits): TrunklineError {
  return new TrunklineError('source_invalid', `The tree has more than ${limits.entries} files, or names without end`, {
    where: commit,
    hint: 'look at what was committed; a tree like this is usually made to exhaust whoever reads it',
  });
}

const KINDS: Readonly<Record<string, TreeEntry['kind']>> = {
  '100644': 'file',
  '100664': 'file',
  '100755': 'executable',
  '120000': 'link',
  '160000': 'submodule',
};

function parseEntry(line: string, commit: string): TreeEntry {
  const tab = line.indexOf('\t');
  const [mode = '', , object = '', size = ''] = line.slice(0, tab).split(/ +/);
  const { path, utf8 } = decodePath(line.slice(tab + 1));
  const kind = KINDS[mode];
  if (kind === undefined) throw badEntry(commit, path, `has the mode ${mode}, which git does not know`);
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..' || part.toLowerCase() === '.git'))
    throw badEntry(commit, path, 'leads out of its place when it is unpacked');
  return { path, utf8, kind, object, size: size === '-' ? 0 : Number(size) };
}

function badEntry(commit: string, path: string, what: string): TrunklineError {
  return new TrunklineError('source_invalid', `The path ${JSON.stringify(path)} ${what}`, {
    where: commit,
    hint: 'git itself refuses to make such a tree; look at who committed it and how',
  });
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodePath(bytes: string): { path: string; utf8: boolean } {
  try {
    return { path: decoder.decode(Buffer.from(bytes, 'latin1')), utf8: true };
  } catch {
    return { path: bytes, utf8: false };
  }
}

/** Contents of blobs by object name, all in one process. */
export async function readBlobs(repository: Repository, objects: readonly string[]): Promise<Map<string, Uint8Array>> {
  const wanted = [...new Set(objects)];
  const blobs = new Map<string, Uint8Array>();
  if (wanted.length === 0) return blobs;
  const { stdout } = await git(repository, ['cat-file', '--batch'], {
    input: `${wanted.join('\n')}\n`,
    encoding: 'latin1',
  });
  let at = 0;
  for (const object of wanted) {
    const end = stdout.indexOf('\n', at);
    const header = stdout.slice(at, end);
    const [, type, size] = header.split(' ');
    if (type !== 'blob')
      throw new TrunklineError('git_failed', `The mirror has no file content ${object} (${header})`, {
        where: repository.path,
        hint: 'run `git fsck` in the mirror; remove the mirror to have it fetched anew',
      });
    const start = end + 1;
    blobs.set(object, Buffer.from(stdout.slice(start, start + Number(size)), 'latin1'));
    at = start + Number(size) + 1;
  }
  return blobs;
}
