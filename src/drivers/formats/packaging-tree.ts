import { TrunklineError } from '../../lib/index.ts';
import type { PackagingFile } from '../../model/index.ts';

/** A packaging file with no link on its way. */
export interface RegularFile {
  path: string;
  content: Uint8Array;
  executable: boolean;
}

const MAX_STEPS = 40;
const MAX_LINKED_FILES = 5000;
const MAX_LINKED_BYTES = 256 * 1024 * 1024;

/**
 * The packaging as regular files alone, in the order of their paths: every symbolic link is replaced by what it leads to inside the packaging
 * directory, found by its text; nothing of the file system is followed.
 * @throws TrunklineError `source_invalid` for a link that leaves the directory, leads nowhere or in a circle, and for a path that is not plain.
 */
export function regularFiles(files: readonly PackagingFile[]): RegularFile[] {
  const tree = new Map<string, PackagingFile>();
  for (const file of files) {
    checkPath(file.path);
    tree.set(file.path, file);
  }
  const budget = { files: MAX_LINKED_FILES, bytes: MAX_LINKED_BYTES };
  return [...tree.values()]
    .flatMap((file) =>
      file.link === null
        ? [{ path: file.path, content: file.content, executable: file.executable }]
        : linked(tree, file, file.path, budget),
    )
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Git allows more than we want to write below a directory of ours or name in an error. */
function checkPath(path: string): void {
  const names = path.split('/');
  // eslint-disable-next-line no-control-regex -- control characters are what this looks for
  if (path !== '' && !/[\x00-\x1f\x7f\\]/.test(path) && !names.some((name) => ['', '.', '..'].includes(name))) return;
  throw new TrunklineError('source_invalid', `The packaging has a file with the path ${JSON.stringify(path)}`, {
    hint: 'rename it: control characters, backslashes and the names . and .. are not taken',
  });
}

/** What the link at `link.path` leads to, placed at `at`: one file, or all files of a directory. */
function linked(
  tree: ReadonlyMap<string, PackagingFile>,
  link: PackagingFile,
  at: string,
  budget: { files: number; bytes: number },
): RegularFile[] {
  const target = follow(tree, link);
  const file = tree.get(target);
  // Directories count too: two that link to each other would be copied without end.
  budget.files -= 1;
  budget.bytes -= file?.content.length ?? 0;
  if (budget.files < 0 || budget.bytes < 0)
    throw linkError(link, 'multiplies files', 'keep links to large or nested directories out of the packaging');
  if (file !== undefined) return [{ path: at, content: file.content, executable: file.executable }];
  const below = target === '' ? '' : `${target}/`;
  const inside = [...tree.values()].filter(({ path }) => path.startsWith(below));
  if (inside.length === 0)
    throw linkError(link, 'leads to nothing', 'add the file it names to the packaging directory, or remove the link');
  // A directory that holds the link itself would be copied without end.
  if (link.path.startsWith(below))
    throw linkError(link, 'leads to a directory it lies in', 'put a copy of the files there instead of the link');
  return inside.flatMap((entry) => {
    const path = `${at}/${entry.path.slice(below.length)}`;
    return entry.link === null
      ? linked(tree, { ...entry, path: link.path, link: relativeTo(link.path, entry.path) }, path, budget)
      : linked(tree, entry, path, budget);
  });
}

/** The path a link leads to, as the kernel would find it, with other links on the way followed too. */
function follow(tree: ReadonlyMap<string, PackagingFile>, link: PackagingFile): string {
  let steps = MAX_STEPS;
  let done = link.path.split('/').slice(0, -1);
  let open = (link.link ?? '').split('/');
  if (link.link?.startsWith('/')) throw outside(link);
  for (let name = open.shift(); name !== undefined; name = open.shift()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      if (done.pop() === undefined) throw outside(link);
      continue;
    }
    done.push(name);
    const next = tree.get(done.join('/'))?.link ?? null;
    if (next === null) continue;
    steps -= 1;
    if (steps === 0) throw linkError(link, 'leads in a circle', 'put the file itself there');
    if (next.startsWith('/')) throw outside(link);
    done = done.slice(0, -1);
    open = [...next.split('/'), ...open];
  }
  return done.join('/');
}

function relativeTo(from: string, to: string): string {
  return `${'../'.repeat(from.split('/').length - 1)}${to}`;
}

function outside(link: PackagingFile): TrunklineError {
  return linkError(
    link,
    'leads out of the packaging directory',
    'put a copy of the file into the packaging directory instead of the link',
  );
}

function linkError(link: PackagingFile, what: string, hint: string): TrunklineError {
  return new TrunklineError('source_invalid', `The symbolic link to ${JSON.stringify(link.link)} ${what}`, {
    where: link.path,
    hint,
  });
}
