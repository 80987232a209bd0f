import { chmod } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TrunklineError } from '../../lib/index.ts';
import { requireSuccess, withJailedTree, type JailedTree, type TreeJail } from './jailed-tree.ts';
import { inTemporary, settle, type TreeRequest } from './tarball.ts';

export interface SourceCommandRequest {
  tree: TreeRequest;
  jail: TreeJail;
  /** The project's program and its arguments; leaves exactly one tarball in `$TRUNKLINE_OUT`. */
  command: readonly string[];
  /** The `.tar.gz` to write; its one directory is `tree.topDirectory`. */
  output: string;
  /** Where it is made, in the same file system. Default: beside `output`. */
  workshop?: string;
  /** Seconds since the epoch that the files in the tarball get: the commit's time. */
  time: number;
}

const NOT_ONE = 65;
const NOT_ONE_TOP = 66;

/**
 * Takes what the program left, whatever compression it has, and packs it anew: one directory of our name, no owners, one time, names in order, so that
 * a program that packs the same files twice gives the same bytes. Run in the jail; $1 name of the directory, $2 seconds.
 */
const REPACK = `
set -e
cd /work/out
set -- "$1" "$2" ./* ./.[!.]*
top=$1 time=$2 found=
shift 2
for f; do
  if [ -e "$f" ] || [ -L "$f" ]; then
    if [ -n "$found" ] || [ -L "$f" ] || [ ! -f "$f" ]; then ls -la >&2; exit ${NOT_ONE}; fi
    found=$f
  fi
done
[ -n "$found" ] || exit ${NOT_ONE}
mkdir /work/product/a
tar --extract --file="$found" --directory=/work/product/a --no-same-owner --no-same-permissions
cd /work/product/a
count=0
for f in ./* ./.[!.]*; do if [ -e "$f" ] || [ -L "$f" ]; then count=$((count + 1)) one=$f; fi; done
if [ $count -ne 1 ] || [ -L "$one" ] || [ ! -d "$one" ]; then ls -la >&2; exit ${NOT_ONE_TOP}; fi
chmod u+rwx "$one"
mkdir /work/product/b
mv -- "$one" "/work/product/b/$top"
mkdir /work/product/c
tar --create --file=/work/product/c/source.tar --directory=/work/product/b --format=posix --sort=name --mtime="@$time" \
  --owner=0 --group=0 --numeric-owner --mode=u+rw,go=rX --pax-option=delete=atime,delete=ctime,exthdr.name=%d/PaxHeaders/%f -- "$top"
exec gzip -n -6 /work/product/c/source.tar
`;

/**
 * Makes the source tarball with the project's own program, in a jail, and takes exactly that one file out.
 * @throws TrunklineError `source_invalid` when the program fails, leaves no or several files, or no archive with one directory at its top.
 */
export async function runSourceCommand(request: SourceCommandRequest): Promise<void> {
  const { tree, jail, command, output, workshop = dirname(output), time } = request;
  const [program, ...args] = command;
  if (program === undefined) throw new TrunklineError('invalid_argument', 'The source command is empty');
  await withJailedTree(tree, jail, async (jailed) => {
    const env = { TRUNKLINE_OUT: '/work/out', SOURCE_DATE_EPOCH: String(time) };
    requireSuccess(await jailed.run([program, ...args], { env }), `The source command ${program} failed`);
    const repack = ['/bin/sh', '-c', REPACK, 'sh', tree.topDirectory, String(time)] as const;
    const result = await jailed.run(repack, { cwd: '/' });
    if (result.exitCode === NOT_ONE) throw notOne(program, result.stderr);
    if (result.exitCode === NOT_ONE_TOP) throw notOneTop(program, result.stderr);
    requireSuccess(result, `What the source command ${program} left cannot be unpacked`);
    await takeOut(jailed, output, workshop, tree.limits.bytes);
  });
}

async function takeOut(jailed: JailedTree, output: string, workshop: string, maxBytes: number): Promise<void> {
  await inTemporary(workshop, async (directory) => {
    const [file] = await jailed.copyOut('/product/c/source.tar.gz', directory, maxBytes).catch((error: unknown) => {
      if (!(error instanceof TrunklineError) || error.code !== 'package_invalid') throw error;
      throw new TrunklineError(
        'source_invalid',
        `The tarball of the source command cannot be taken: ${error.message}`,
        {
          hint: 'leave out of it what is not source, or raise the limit',
          cause: error,
        },
      );
    });
    if (file === undefined) throw new TrunklineError('sandbox_failed', 'The tarball was not found in the sandbox');
    await chmod(file, 0o644);
    await settle(file, output);
  });
}

function notOne(program: string, listing: string): TrunklineError {
  return new TrunklineError(
    'source_invalid',
    `The source command ${program} did not leave exactly one tarball in $TRUNKLINE_OUT${listed(listing)}`,
    { hint: 'as in: python3 -m build --sdist --outdir "$TRUNKLINE_OUT", through sh -c' },
  );
}

function notOneTop(program: string, listing: string): TrunklineError {
  return new TrunklineError(
    'source_invalid',
    `The tarball of the source command ${program} does not have exactly one directory at its top${listed(listing)}`,
    { hint: 'pack the files inside one directory, as name-1.2.3/' },
  );
}

function listed(listing: string): string {
  return listing.trim() === '' ? '' : `:\n${listing.trim().slice(0, 500)}`;
}
