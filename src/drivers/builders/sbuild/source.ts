import { mkdir } from 'node:fs/promises';
import { TrunklineError } from '../../../lib/index.ts';
import { openJail } from '../../../lib/jail/index.ts';
import type { BuildRequest } from '../../../model/index.ts';
import { oneLine } from '../one-line.ts';

/**
 * Unpacks upstream and packaging as StagedSource lays them out, and packs the source package. What upstream has as debian/ is not ours, as dpkg-source
 * itself holds it. $1 the directory to build in, $2 the tarball, $3 `native` or `quilt`.
 */
const PACK = `
set -eu
cd /work
mkdir "./$1"
tar -xf "/staged/$2" --strip-components=1 --no-same-owner -C "./$1"
rm -rf "./$1/debian"
tar -xf /staged/debian.tar --no-same-owner -C "./$1"
mkdir packed
cd packed
if [ "$3" = quilt ]; then cp "/staged/$2" .; fi
exec dpkg-source -b "../$1"
`;

/** A packed source package, or why there is none. */
export type PackedSource = { failure: string } | { failure: null; files: readonly string[]; dsc: string };

/**
 * Runs dpkg-source in a jail: it applies patches and reads hostile files. Leaves the dsc and what it names in `directory`, which must not exist.
 * @throws TrunklineError `source_invalid` for a staged source of another format, `sandbox_failed`; the reason of `request.signal`.
 */
export async function packSource(request: BuildRequest, directory: string, timeout: number): Promise<PackedSource> {
  const { source, target, signal } = request;
  if (source.format !== 'deb')
    throw new TrunklineError('source_invalid', `sbuild builds debs, not ${source.format} sources`);
  const { memory, processes, disk } = target.limits;
  await using jail = await openJail({ label: 'source', limits: { memory, processes, disk }, signal });
  const work = await jail.addRoot([]);
  const tarball = source.native ? 'upstream.tar.gz' : `${source.name}_${source.version.version}.orig.tar.gz`;
  const result = await jail.run(['/bin/sh', '-c', PACK, 'sh', 'source', tarball, source.native ? 'native' : 'quilt'], {
    root: 'tools',
    rootsInside: [{ root: work, target: '/work' }],
    binds: [{ source: source.directory, target: '/staged' }],
    user: 'root',
    timeout,
  });
  signal.throwIfAborted();
  if (result.stop !== null) return { failure: `packing the source was ended by its limit: ${result.stop}` };
  if (result.exitCode !== 0) return { failure: readSourceFailure(`${result.stdout}${result.stderr}`) };
  await mkdir(directory);
  const files = await jail.copyOut(work, '/packed', directory, disk);
  const dsc = files.find((file) => file.endsWith('.dsc'));
  return dsc === undefined ? { failure: 'dpkg-source left no dsc' } : { failure: null, files, dsc };
}

/** What dpkg-source refused, with the patch that does not apply by name. */
export function readSourceFailure(words: string): string {
  const patch =
    /patch '([^']+)' is correctly applied by quilt/.exec(words)?.[1] ??
    /^dpkg-source: error: .*< \S*debian\/patches\/(\S+)/m.exec(words)?.[1];
  const hunk = /^(?:Hunk #\d+ FAILED.*|.*can't find file to patch.*|.*malformed patch.*|.*hunks? FAILED.*)$/m.exec(
    words,
  )?.[0];
  if (patch !== undefined) return oneLine(`patch ${patch} does not apply${hunk === undefined ? '' : `: ${hunk}`}`);
  const lines = words.split('\n');
  const error = lines.find(
    (line) => /^(dpkg-\w+|tar|cp|patch)(: error)?: /.test(line) && !/: (info|warning): /.test(line),
  );
  return oneLine(error ?? lines.findLast((line) => line.trim() !== '') ?? 'dpkg-source failed');
}
