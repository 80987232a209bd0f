import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a path in a fixture's commit holds. null removes it. */
export type Content = string | Uint8Array | { link: string } | { submodule: string } | { executable: string } | null;

export interface FixtureCommit {
  /** Default `main`. */
  branch?: string;
  /** First parent: a hash, or null for a root; the branch's tip when not given. */
  parent?: string | null;
  /** Further parents. */
  merge?: readonly string[];
  files?: Readonly<Record<string, Content>>;
  message?: string | Uint8Array;
  /** Committer and author time in seconds; a minute after the commit before when not given. */
  time?: number;
  /** `Name <mail>`. */
  author?: string | Uint8Array;
}

export interface Fixture {
  readonly path: string;
  git(...args: string[]): Promise<string>;
  /** git with something on its standard input. */
  feed(input: string | Uint8Array, ...args: string[]): Promise<string>;
  /** Answers the commit's hash. */
  commit(commit?: FixtureCommit): Promise<string>;
  /** Many commits in one process; answers their hashes in order. */
  commits(list: readonly FixtureCommit[]): Promise<string[]>;
  /** Points a branch somewhere, backwards too. */
  force(branch: string, commit: string): Promise<void>;
}

/** A temporary directory that is removed when its scope ends. */
export async function temporaryDirectory(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'trunkline-test-git-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A bare repository to be an upstream or a distgit, written with git fast-import. */
export async function createFixture(path: string): Promise<Fixture> {
  await mkdir(path, { recursive: true });
  const feed = (input: string | Uint8Array, ...args: string[]) => runGit(path, args, input);
  const git = (...args: string[]) => feed('', ...args);
  await git('init', '--quiet', '--bare', '--initial-branch=main', path);
  let clock = 1_700_000_000;
  const commits = async (list: readonly FixtureCommit[]) => {
    const branches = (await git('for-each-ref', '--format=%(refname:short)', 'refs/heads')).split('\n');
    const started = new Set<string>();
    const stream = list.flatMap((commit, n) => {
      clock += 60;
      const branch = commit.branch ?? 'main';
      const continues = !started.has(branch) && branches.includes(branch) && commit.parent === undefined;
      started.add(branch);
      return commitStream(commit, n + 1, clock, continues);
    });
    const marks = join(path, 'fixture-marks');
    await feed(Buffer.concat(stream), 'fast-import', '--quiet', '--force', `--export-marks=${marks}`);
    const lines = (await readFile(marks, 'utf8')).trim().split('\n');
    const hashes = new Map(lines.map((line) => line.split(' ') as [string, string]));
    return list.map((_, n) => hashes.get(`:${n + 1}`) ?? '');
  };
  return {
    path,
    git,
    feed,
    commits,
    commit: async (commit = {}) => (await commits([commit]))[0] ?? '',
    force: async (branch, commit) => {
      await git('update-ref', `refs/heads/${branch}`, commit);
    },
  };
}

function commitStream(commit: FixtureCommit, mark: number, clock: number, continues: boolean): Buffer[] {
  const branch = `refs/heads/${commit.branch ?? 'main'}`;
  const time = commit.time ?? clock;
  const author = Buffer.from(commit.author ?? 'Ada <ada@example.org>');
  const when = ` ${time} +0000\n`;
  const parts: Uint8Array[] = [];
  const say = (...texts: (string | Uint8Array)[]) => parts.push(...texts.map((text) => Buffer.from(text)));
  if (commit.parent === null) say(`reset ${branch}\n`);
  say(`commit ${branch}\nmark :${mark}\n`, 'author ', author, when, `committer Ada <ada@example.org>${when}`);
  say(...inline(commit.message ?? `Commit ${mark} at ${time}`));
  if (typeof commit.parent === 'string') say(`from ${commit.parent}\n`);
  if (continues) say(`from ${branch}^0\n`);
  for (const parent of commit.merge ?? []) say(`merge ${parent}\n`);
  for (const [path, content] of Object.entries(commit.files ?? { file: `${mark} ${time}\n` }))
    say(...fileChange(path, content));
  say('\n');
  return parts.map((part) => Buffer.from(part));
}

function fileChange(path: string, content: Content): (string | Uint8Array)[] {
  const name = `"${path.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`;
  if (content === null) return [`D ${name}\n`];
  if (typeof content === 'string' || content instanceof Uint8Array)
    return [`M 100644 inline ${name}\n`, ...inline(content)];
  if ('submodule' in content) return [`M 160000 ${content.submodule} ${name}\n`];
  if ('link' in content) return [`M 120000 inline ${name}\n`, ...inline(content.link)];
  return [`M 100755 inline ${name}\n`, ...inline(content.executable)];
}

function inline(content: string | Uint8Array): (string | Uint8Array)[] {
  return [`data ${Buffer.byteLength(content)}\n`, content, '\n'];
}

function runGit(path: string, args: readonly string[], input: string | Uint8Array): Promise<string> {
  const env = {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    HOME: '/nonexistent',
    GIT_DIR: path,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@example.org',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'ada@example.org',
    GIT_COMMITTER_DATE: '1700000000 +0000',
  };
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = execFile('git', args, { env, maxBuffer: 64 * 1024 ** 2 }, (error, stdout, stderr) => {
    if (error === null) resolve(stdout.trim());
    else reject(new Error(`git ${args.join(' ')}: ${stderr}`, { cause: error }));
  });
  // A git that reads no input may end before it is written; its exit code says the rest.
  child.stdin?.on('error', () => undefined).end(input);
  return promise;
}
