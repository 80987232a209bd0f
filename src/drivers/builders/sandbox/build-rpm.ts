import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JailRoot } from '../../../lib/jail/index.ts';
import { readTail } from '../tail.ts';
import { LOG_TAIL, runAsBuilder, STAGED, WORK, type BuildEnd, type BuildRun } from './build.ts';
import { addBaseRoot, openBuildRoot, type Installation } from './build-root.ts';
import { runDnf } from './dnf.ts';
import type { Failure } from './outcome.ts';
import { readRpmFailure } from './rpm-failure.ts';

/** rpm's own promise: a package may ask for more requirements once it has those it asked for; this often. */
const MAX_ROUNDS = 10;

/** Makes the source RPM; answers, on standard output, what it requires. `"$@"` are rpmbuild's options. */
const SOURCE = `
set -e
mkdir -p out
rpmbuild -bs --nodeps "$@" >&2
exec rpm -qp --requires out/*.src.rpm
`;

/** Asks the package for further requirements: exit 11 is rpmbuild's word for "there are some". */
const GENERATE = `
code=0
rpmbuild -br "$@" >&2 || code=$?
for file in out/*.buildreqs.nosrc.rpm; do
  if [ -e "$file" ]; then rpm -qp --requires "$file"; rm -f "$file"; fi
done
if [ "$code" = 11 ]; then exit 0; fi
exit "$code"
`;

const BUILD = `
exec rpmbuild "$@"
`;

/** Packs the source, installs what it requires from the snapshot and the base repositories, builds. */
export async function buildRpm(run: BuildRun): Promise<BuildEnd> {
  const base = await addBaseRoot(run.jail, run.request.target, run.prepared);
  const source = await rpmbuild(run, base, SOURCE, [], 'packing the source');
  run.clock.add('pack', source.seconds);
  if (source.exitCode !== 0) return ended(readRpmFailure(source.stderr, 'source'), []);
  let requirements = readRequirements(source.stdout);
  const dynamic = (await readSpec(run)).includes('%generate_buildrequires');
  for (let round = 1; ; round++) {
    const root = await openBuildRoot(run, base, installation(run, requirements));
    try {
      if ('failure' in root) return ended(root.failure, []);
      if (dynamic) {
        const more = await rpmbuild(run, root.root, GENERATE, [], 'generating build requirements');
        run.clock.add('build', more.seconds);
        if (more.exitCode !== 0) return ended(readRpmFailure(more.stderr, 'build'), root.installed);
        const all = [...new Set([...requirements, ...readRequirements(more.stdout)])];
        if (all.length > requirements.length && round < MAX_ROUNDS) {
          requirements = all;
          continue;
        }
      }
      return await buildBinaries(run, root.root, root.installed, dynamic);
    } finally {
      if (!('failure' in root)) root.layer?.release();
    }
  }
}

async function buildBinaries(
  run: BuildRun,
  root: JailRoot,
  installed: readonly string[],
  dynamic: boolean,
): Promise<BuildEnd> {
  // With generated requirements the source package is packed again, so that it names them.
  const built = await rpmbuild(run, root, BUILD, [dynamic ? '-ba' : '-bb'], 'the build', run.buildLog);
  run.clock.add('build', built.seconds);
  if (built.exitCode === 0) return { failure: null, buildroot: installed, results: '/build/out' };
  return ended(readRpmFailure(await readTail(run.buildLog, LOG_TAIL), 'build'), installed);
}

function ended(failure: Failure, buildroot: readonly string[]): BuildEnd {
  return { failure, buildroot, results: null };
}

function installation(run: BuildRun, requirements: readonly string[]): Installation {
  const { prepared, request, jail } = run;
  return {
    requirements,
    install: async (root, layers) => {
      const result = await runDnf({
        ...{ jail, root, requirements, packages: [], target: request.target, repository: request.repository },
        cache: await jail.addRoot([prepared.cache]),
        bringToOurs: request.repository !== null,
        ...{ layers, layerSalt: prepared.id, timeout: run.clock.left(), log: run.rootLog },
      });
      run.clock.add('resolve', result.seconds);
      const failure = result.failure && { reason: 'deps_unresolvable' as const, detail: result.failure.words };
      return { ...result, failure };
    },
    // dnf says it with every answer.
    list: () => Promise.resolve([]),
  };
}

async function rpmbuild(
  run: BuildRun,
  root: JailRoot,
  script: string,
  options: readonly string[],
  during: string,
  logFile?: string,
) {
  const { target, source } = run.request;
  const macros: Record<string, string> = {
    _topdir: WORK,
    _sourcedir: `${STAGED}/SOURCES`,
    _specdir: STAGED,
    _rpmdir: `${WORK}/out`,
    _srcrpmdir: `${WORK}/out`,
    _rpmfilename: '%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm',
    _dbpath: '/var/lib/rpm',
    _buildhost: 'trunkline',
    ...(target.dist === '' ? {} : { dist: target.dist }),
  };
  const defines = Object.entries(macros).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  const args = [...options, '--target', target.arch, ...defines, `${STAGED}/${source.mainFile}`];
  return runAsBuilder(run, root, script, args, { env: {}, during, ...(logFile === undefined ? {} : { logFile }) });
}

/** What rpm prints for its own features is no package. */
function readRequirements(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim());
  return [...new Set(lines.filter((line) => line !== '' && !line.startsWith('rpmlib(')))];
}

/** Text only; nothing of it is expanded here. */
function readSpec(run: BuildRun): Promise<string> {
  return readFile(join(run.request.source.directory, run.request.source.mainFile), 'utf8');
}
