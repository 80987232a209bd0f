import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileSystemError, sha256, TEMPORARY } from '../../lib/index.ts';
import type { SourceRule } from '../../model/index.ts';
import { runSourceCommand } from './command.ts';
import type { TreeJail } from './jailed-tree.ts';
import { makeTarball, type TreeRequest } from './tarball.ts';

export interface SourceTarballRequest {
  tree: TreeRequest;
  /** The project's name. */
  name: string;
  rule: SourceRule;
  jail: TreeJail;
  /** Where tarballs are kept: `<data_dir>/tarballs`. */
  directory: string;
}

/**
 * The path of the source tarball (gzip) of a commit under a name and top directory: made once and reused, `<aa>/<commit>/<name>-<digest>.tar.gz`.
 * Callers in two processes may make it at once; both get a whole file.
 * @throws TrunklineError as `makeTarball` and `runSourceCommand`.
 */
export async function sourceTarball(request: SourceTarballRequest): Promise<string> {
  const { tree, name, rule, jail, directory } = request;
  const { commit, topDirectory } = tree;
  const key = sha256(JSON.stringify([tree.mirror.url, name, topDirectory, rule.from, rule.command, rule.submodules]));
  const output = join(directory, commit.slice(0, 2), commit, `${name}-${key.slice(0, 16)}.tar.gz`);
  if (await isFile(output)) return output;
  try {
    await mkdir(dirname(output), { recursive: true });
  } catch (error) {
    throw fileSystemError(error, output);
  }
  const withRule = { ...tree, submoduleMirrors: rule.submodules ? tree.submoduleMirrors : null };
  // All in one place, where start-up finds what a killed process left.
  const place = { output, workshop: directory };
  if (rule.from === 'archive') await makeTarball({ ...withRule, ...place });
  else {
    const time = await tree.mirror.utcOf(commit);
    await runSourceCommand({ tree: withRule, jail, command: rule.command, ...place, time });
  }
  return output;
}

/** Removes what a killed process has left half made in the directory of tarballs. Not to be called while one is made. */
export async function recoverTarballs(directory: string): Promise<void> {
  for (const name of await readdir(directory).catch(() => []))
    if (name.startsWith(TEMPORARY)) await rm(join(directory, name), { recursive: true, force: true });
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
