import { TrunklineError } from '../errors.ts';
import { git, type Repository } from './command.ts';
import { isBranchName, isCommitHash } from './names.ts';

/** A commit as it is told to people; the form of model's CommitInfo. Texts are one line without control characters, whatever was committed. */
export interface GitCommit {
  hash: string;
  authorName: string;
  authorEmail: string;
  /** Seconds since the epoch; 0 when the commit has none that can be read. */
  authorTime: number;
  committerTime: number;
  subject: string;
}

export interface Walk {
  /** Oldest first. */
  commits: GitCommit[];
  /** The first parent of the oldest commit in `commits`: where the walk stopped. null for a root, or when there are no commits. */
  below: string | null;
}

export interface WalkOptions {
  /** At most so many, the newest ones. */
  limit?: number;
}

const FIELDS = ['%H', '%P', '%an', '%ae', '%at', '%ct', '%s'];
/** With `-z` every record ends in NUL too, and no field can hold one. */
const FORMAT = `--format=tformat:${FIELDS.join('%x00')}`;
const LONGEST_TEXT = 500;

export async function commitInfo(repository: Repository, hash: string): Promise<GitCommit> {
  const [commit] = (await hasCommit(repository, hash)) ? await log(repository, ['--max-count=1', hash]) : [];
  if (commit !== undefined) return commit.info;
  throw new TrunklineError('not_found', `There is no commit ${hash} in the mirror`, { where: repository.path });
}

/**
 * The first-parent line that ends in `to`, without the commits that `from` leads to (null: without none). Order is that of parents, never of dates.
 */
export async function firstParentWalk(
  repository: Repository,
  from: string | null,
  to: string,
  { limit }: WalkOptions,
): Promise<Walk> {
  const records = await log(repository, [
    '--first-parent',
    ...(limit === undefined ? [] : [`--max-count=${limit}`]),
    requireHash(to),
    ...(from === null ? [] : [`^${requireHash(from)}`]),
  ]);
  records.reverse();
  return { commits: records.map(({ info }) => info), below: records[0]?.firstParent ?? null };
}

async function log(repository: Repository, args: readonly string[]) {
  const { stdout } = await git(repository, ['log', '-z', FORMAT, '--no-show-signature', '--no-notes', ...args, '--']);
  const values = stdout.split('\0');
  const records: { info: GitCommit; firstParent: string | null }[] = [];
  for (let n = 0; n + FIELDS.length <= values.length; n += FIELDS.length)
    records.push(record(values.slice(n, n + FIELDS.length)));
  return records;
}

function record(values: readonly string[]): { info: GitCommit; firstParent: string | null } {
  const [hash = '', parents = '', name = '', email = '', authored = '', committed = '', subject = ''] = values;
  const firstParent = parents.split(' ')[0] ?? '';
  return {
    info: {
      hash,
      authorName: oneLine(name),
      authorEmail: oneLine(email),
      authorTime: seconds(authored),
      committerTime: seconds(committed),
      subject: oneLine(subject),
    },
    firstParent: firstParent === '' ? null : firstParent,
  };
}

/** Control characters, and the separators some readers take for a line's end. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029]+/gu;

function oneLine(text: string): string {
  return text.slice(0, LONGEST_TEXT).replace(UNPRINTABLE, ' ').trim();
}

function seconds(text: string): number {
  const number = Number(text);
  return text !== '' && Number.isSafeInteger(number) ? number : 0;
}

export async function hasCommit(repository: Repository, hash: string): Promise<boolean> {
  if (!isCommitHash(hash)) return false;
  const { exitCode } = await git(repository, ['cat-file', '-e', `${hash}^{commit}`], { okExitCodes: [0, 1, 128] });
  return exitCode === 0;
}

/** The commit that a hash (also abbreviated), a tag or a branch means, or undefined. Tags win over branches, as in git. */
export async function resolveCommit(repository: Repository, name: string): Promise<string | undefined> {
  if (!/^[\w./+~-]+$/.test(name) || name.startsWith('-')) return undefined;
  const { stdout, exitCode } = await git(repository, ['rev-parse', '--verify', '--quiet', `${name}^{commit}`], {
    okExitCodes: [0, 1, 128],
  });
  return exitCode === 0 ? stdout.trim() : undefined;
}

/** The commit that a tag leads to. No other name is tried, whatever the tag is called. */
export async function resolveTag(repository: Repository, tag: string): Promise<string | undefined> {
  if (!isBranchName(tag)) return undefined;
  const { stdout, exitCode } = await git(
    repository,
    ['rev-parse', '--verify', '--quiet', `refs/tags/${tag}^{commit}`],
    { okExitCodes: [0, 1, 128] },
  );
  return exitCode === 0 ? stdout.trim() : undefined;
}

export async function firstParentCount(repository: Repository, commit: string, path?: string): Promise<number> {
  const { stdout } = await git(repository, [
    'rev-list',
    '--count',
    '--first-parent',
    requireHash(commit),
    '--',
    ...(path === undefined || path === '' ? [] : [path]),
  ]);
  return Number(stdout);
}

export async function lastCommitTouching(
  repository: Repository,
  commit: string,
  path: string,
): Promise<string | undefined> {
  const { stdout } = await git(repository, [
    'rev-list',
    '--max-count=1',
    '--first-parent',
    requireHash(commit),
    '--',
    path,
  ]);
  return stdout === '' ? undefined : stdout.trim();
}

export async function isAncestor(repository: Repository, ancestor: string, descendant: string): Promise<boolean> {
  const args = ['merge-base', '--is-ancestor', requireHash(ancestor), requireHash(descendant)];
  return (await git(repository, args, { okExitCodes: [0, 1] })).exitCode === 0;
}

/** A best common ancestor, or undefined when two histories have nothing in common. */
export async function mergeBase(repository: Repository, a: string, b: string): Promise<string | undefined> {
  const args = ['merge-base', requireHash(a), requireHash(b)];
  const { stdout, exitCode } = await git(repository, args, { okExitCodes: [0, 1] });
  return exitCode === 0 ? stdout.trim() : undefined;
}

export async function reachableTags(repository: Repository, commit: string): Promise<string[]> {
  const args = ['for-each-ref', '--format=%(refname)', `--merged=${requireHash(commit)}`, 'refs/tags/'];
  const { stdout } = await git(repository, args);
  const tags = stdout.split('\n').filter((line) => line !== '');
  return tags.map((line) => line.slice('refs/tags/'.length)).sort();
}

function requireHash(hash: string): string {
  if (isCommitHash(hash)) return hash;
  throw new TrunklineError('invalid_argument', `${JSON.stringify(hash)} is no commit hash`);
}
