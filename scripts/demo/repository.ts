import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../../src/lib/index.ts';

/** One commit to make: files to write (null removes one), tag to set on it. */
export interface SampleCommit {
  subject: string;
  files: Readonly<Record<string, string | null>>;
  tag?: string;
}

const AUTHORS = [
  ['Ada Upstream', 'ada@upstream.example'],
  ['Grace Upstream', 'grace@upstream.example'],
] as const;

/** Makes a git repository with one branch, `main`; commits are an hour apart from `start` (seconds since the epoch). Answers the hashes. */
export async function makeRepository(
  directory: string,
  commits: readonly SampleCommit[],
  start: number,
): Promise<string[]> {
  await mkdir(directory, { recursive: true });
  const git = (args: readonly string[], env: Record<string, string> = {}) =>
    run(['git', ...args], {
      cwd: directory,
      env: { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', HOME: directory, ...env },
    });
  await git(['init', '-q', '-b', 'main']);
  const hashes: string[] = [];
  for (const [index, commit] of commits.entries()) {
    await writeTree(directory, commit.files);
    const [name, email] = AUTHORS[index % AUTHORS.length] ?? AUTHORS[0];
    const date = `${start + index * 3600} +0000`;
    const identity = { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_AUTHOR_DATE: date };
    const committer = { GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: email, GIT_COMMITTER_DATE: date };
    await git(['add', '-A']);
    await git(['commit', '-q', '-m', commit.subject], { ...identity, ...committer });
    if (commit.tag !== undefined) await git(['tag', '-a', '-m', commit.tag, commit.tag], { ...identity, ...committer });
    hashes.push((await git(['rev-parse', 'HEAD'])).stdout.trim());
  }
  return hashes;
}

async function writeTree(directory: string, files: SampleCommit['files']): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const file = join(directory, path);
    if (content === null) {
      await run(['git', 'rm', '-q', '--', path], { cwd: directory });
      continue;
    }
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content, { mode: path.endsWith('rules') || path.endsWith('.sh') ? 0o755 : 0o644 });
  }
}
