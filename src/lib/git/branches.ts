import { TrunklineError } from '../errors.ts';
import { redact } from '../redact.ts';
import { git, type Repository } from './command.ts';
import { REMOTE_HEAD } from './fetch.ts';
import { closestNames, isBranchName } from './names.ts';

/**
 * The commit that the branch `name` points at in the mirror; `HEAD` is the repository's default branch.
 * @throws TrunklineError `source_invalid` when the repository has no branches or `name` cannot be one, `not_found` naming the closest branches.
 */
export async function resolveBranch(repository: Repository & { url: string }, name: string): Promise<string> {
  const where = redact(repository.url);
  if (name !== 'HEAD' && !isBranchName(name))
    throw new TrunklineError('source_invalid', `${JSON.stringify(name)} cannot be the name of a branch`, {
      where,
      hint: 'give the branch by its short name, as in `main` or `stable/2.0`',
    });
  const { stdout, exitCode } = await git(
    repository,
    ['rev-parse', '--verify', '--quiet', `${name === 'HEAD' ? REMOTE_HEAD : `refs/heads/${name}`}^{commit}`],
    {
      okExitCodes: [0, 1, 128],
    },
  );
  if (exitCode === 0) return stdout.trim();
  const branches = await listBranches(repository);
  if (branches.length === 0)
    throw new TrunklineError('source_invalid', 'The repository is empty: it has no branches', {
      where,
      hint: `push the branch ${name}, or correct the URL`,
    });
  const few = closestNames(name, branches, 5);
  const others = branches.length > few.length ? ` and ${branches.length - few.length} more` : '';
  throw new TrunklineError('not_found', `There is no branch ${name} in the repository`, {
    where,
    hint: `the branches are: ${few.join(', ')}${others}`,
  });
}

/** Short names of all branches in the mirror. */
async function listBranches(repository: Repository): Promise<string[]> {
  const { stdout } = await git(repository, ['for-each-ref', '--format=%(refname)', 'refs/heads/']);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.slice('refs/heads/'.length));
}
