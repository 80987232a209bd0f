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
        : linked(tree, file, file.path, budget, 1),
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

interface Budget {
  files: number;
  bytes: number;
}

/** What the link at `link.path` leads to, placed at `at`: one file, or all files of a directory. */
function linked(
  tree: ReadonlyMap<string, PackagingFile>,
  link: PackagingFile,
  at: string,
  budget: Budget,
  depth: number,
): RegularFile[] {
  // Two directories that link to each other would be copied without end.
  if (depth > MAX_STEPS) throw inCircle(link);
  const target = follow(tree, link);
  const file = tree.get(target);
  if (file !== undefined) return [copyOf(file, at, link, budget)];
  const below = target === '' ? '' : `${target}/`;
  const inside = [...tree.values()].filter(({ path }) => path.startsWith(below));
  if (inside.length === 0)
    throw linkError(link, 'leads to nothing', 'add the file it names to the packaging directory, or remove the link');
  if (link.path.startsWith(below))
    throw linkError(link, 'leads to a directory it lies in', 'put a copy of the files there instead of the link');
  return inside.flatMap((entry) => {
    const path = `${at}/${entry.path.slice(below.length)}`;
    return entry.link === null ? [copyOf(entry, path, link, budget)] : linked(tree, entry, path, budget, depth + 1);
  });
}

function copyOf(file: PackagingFile, path: string, link: PackagingFile, budget: Budget): RegularFile {
  budget.files -= 1;
  budget.bytes -= file.content.length;
  if (budget.files < 0 || budget.bytes < 0)
    throw linkError(link, 'multiplies files', 'keep links to large or nested directories out of the packaging');
  return { path, content: file.content, executable: file.executable };
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
    if (steps === 0) throw inCircle(link);
    if (next.startsWith('/')) throw outside(link);
    done = done.slice(0, -1);
    open = [...next.split('/'), ...open];
  }
  return done.join('/');
}

function inCircle(link: PackagingFile): TrunklineError {
  return linkError(link, 'leads in a circle', 'put a copy of the files there instead of the link');
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
