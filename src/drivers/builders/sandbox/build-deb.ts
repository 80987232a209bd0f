import { join } from 'node:path';
import { sha256 } from '../../../lib/index.ts';
import type { JailRoot } from '../../../lib/jail/index.ts';
import { readTail } from '../tail.ts';
import { runApt } from './apt.ts';
import { addBaseRoot, openBuildRoot, type Installation } from './build-root.ts';
import { LOG_TAIL, runAsBuilder, WORK, type BuildEnd, type BuildRun } from './build.ts';
import { readDebFailure } from './deb-failure.ts';

/**
 * Unpacks upstream and packaging as StagedSource lays them out and packs the source package; answers what it requires. $1 the directory to unpack
 * into, $2 `native` or `quilt`. What upstream has as debian/ is not ours, as dpkg-source itself holds it when it unpacks.
 */
const SOURCE = `
set -e
mkdir -p "./$1" out
set -- "./$1" "$2"
if [ "$2" = native ]; then tarball=/staged/upstream.tar.gz; else
  tarball=$(echo /staged/*.orig.tar.gz)
  cp "$tarball" .
fi
tar -xf "$tarball" --strip-components=1 --no-same-owner -C "$1"
rm -rf "$1/debian"
tar -xf /staged/debian.tar --no-same-owner -C "$1"
dpkg-source -b "$1" >&2
sed -n -E '/^(Build-(Depends|Conflicts)(-Arch|-Indep)?):/p' ./*.dsc
`;

/** The results lie beside the directory; what a client does not need (changes, buildinfo) stays behind. */
const BUILD = `
cd "./$1"
dpkg-buildpackage --no-sign --build=binary || exit
cd ..
mv -- *.deb *.dsc out/
for file in *.tar.*; do if [ -f "$file" ]; then mv -- "$file" out/; fi; done
`;

const LIST =
  String.raw`exec dpkg-query -W -f '\${db:Status-Abbrev} \${Package}_\${Version}_\${Architecture}\n'`.replaceAll(
    '\\$',
    '$',
  );

/** Packs the source, installs what it requires from the snapshot and the base repositories, builds. */
export async function buildDeb(run: BuildRun): Promise<BuildEnd> {
  const base = await addBaseRoot(run.jail, run.request.target, run.prepared);
  const top = directoryName(run.request.source.topDirectory);
  const kind = run.request.source.native ? 'native' : 'quilt';
  const source = await runAsBuilder(run, base, SOURCE, [top, kind], { env: {}, during: 'packing the source' });
  run.clock.add('pack', source.seconds);
  if (source.exitCode !== 0) return { failure: readDebFailure(source.stderr, 'source'), buildroot: [], results: null };
  const root = await openBuildRoot(run, base, installation(run, top, source.stdout));
  if ('failure' in root) return { failure: root.failure, buildroot: [], results: null };
  try {
    return await buildBinaries(run, root.root, root.installed, top);
  } finally {
    root.layer?.release();
  }
}

async function buildBinaries(
  run: BuildRun,
  root: JailRoot,
  installed: readonly string[],
  top: string,
): Promise<BuildEnd> {
  // fakeroot's trial chown succeeds or fails with ids that a jail does not have.
  const env = { FAKEROOTDONTTRYCHOWN: '1' };
  const built = await runAsBuilder(run, root, BUILD, [top], { env, during: 'the build', logFile: run.buildLog });
  run.clock.add('build', built.seconds);
  if (built.exitCode === 0) return { failure: null, buildroot: installed, results: '/build/out' };
  const failure = readDebFailure(await readTail(run.buildLog, LOG_TAIL), 'build');
  return { failure, buildroot: installed, results: null };
}

function installation(run: BuildRun, top: string, requirements: string): Installation {
  const { prepared, request, jail } = run;
  return {
    requirements: [sha256(requirements)],
    install: async (root, layers) => {
      const result = await runApt({
        ...{ jail, root, target: request.target, repository: request.repository, layers, layerSalt: prepared.id },
        rootsInside: [{ root: run.work, target: '/builddir' }],
        command: ['build-dep', join(WORK, top)],
        bringToOurs: request.repository !== null,
        ...{ timeout: run.clock.left(), log: run.rootLog },
      });
      run.clock.add('resolve', result.seconds);
      const failure = result.failure && { reason: 'deps_unresolvable' as const, detail: result.failure.words };
      return { failure, layer: result.layer, done: result.done, installed: null };
    },
    list: (root) => listInstalled(run, root),
  };
}

async function listInstalled(run: BuildRun, root: JailRoot): Promise<string[]> {
  const { stdout } = await run.jail.run(['/bin/sh', '-c', LIST], { root, user: 'builder', timeout: run.clock.left() });
  return stdout.split('\n').flatMap((line) => (line.startsWith('ii ') ? [line.slice(3).trim()] : []));
}

/** A name without surprises for the directory that is built in; tools may take a leading hyphen or a blank for something else. */
function directoryName(wanted: string): string {
  return /^[A-Za-z0-9][A-Za-z0-9.+~_-]{0,200}$/.test(wanted) && wanted !== 'out' ? wanted : 'source';
}
