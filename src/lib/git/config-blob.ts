import { TrunklineError } from '../errors.ts';
import { ProcessError } from '../run.ts';
import { git, type Repository } from './command.ts';

/**
 * Reads a blob in git's configuration form (`.gitmodules`) with git's own parser; includes are not followed. Keys are as git prints them
 * (`submodule.<name>.url`), a key without a value has ''.
 * @throws TrunklineError `source_invalid` when it cannot be parsed.
 */
export async function readConfigBlob(repository: Repository, object: string): Promise<Map<string, string[]>> {
  const values = new Map<string, string[]>();
  for (const item of (await list(repository, object)).split('\0')) {
    if (item === '') continue;
    const newline = item.indexOf('\n');
    const key = newline < 0 ? item : item.slice(0, newline);
    const value = newline < 0 ? '' : item.slice(newline + 1);
    values.set(key, [...(values.get(key) ?? []), value]);
  }
  return values;
}

async function list(repository: Repository, object: string): Promise<string> {
  const args = ['config', `--blob=${object}`, '--no-includes', '-z', '--list'];
  try {
    return (await git(repository, args, { maxOutput: 1024 ** 2 })).stdout;
  } catch (error) {
    if (!(error instanceof ProcessError)) throw error;
    throw new TrunklineError('source_invalid', `.gitmodules cannot be read: ${error.stderr.trim()}`, {
      where: '.gitmodules',
      hint: 'git config --file .gitmodules --list shows the same mistake',
      cause: error,
    });
  }
}
