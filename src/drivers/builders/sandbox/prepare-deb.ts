import { appendToLog, lastLines, TrunklineError } from '../../../lib/index.ts';
import type { JailBind, JailResult, JailRoot } from '../../../lib/jail/index.ts';
import type { PreparePhase, Target } from '../../../model/index.ts';
import { complaints, sourceLines } from './apt.ts';
import { addressBinds, directoryBinds, debRepositories, isRemote } from './base-repositories.ts';
import { MachineTrouble, stopped } from './outcome.ts';
import type { Filling } from './prepare.ts';

const ROOT = '/installroot';

/**
 * Fetches, with the network and before any maintainer script runs, everything that both roots need into /cache/debs, and indexes it there.
 * Arguments: packages. $BASES: lines of sources.list. $SUITE: the suite that mmdebstrap is told, by whose name
 * it looks for the essential packages. $ARCH
 */
const FETCH = `
set -eu
mkdir -p /cache/lists/partial /cache/debs/partial /cache/empty
printf '%s\\n' "$BASES" >/cache/sources.list
: >/cache/status
get() {
  apt-get -q -y -o Dir::Etc::sourcelist=/cache/sources.list -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists=/cache/lists \\
    -o Dir::State::status=/cache/status -o Dir::Cache::archives=/cache/debs -o APT::Sandbox::User=root \\
    -o Dir::Etc::TrustedParts=/usr/share/keyrings -o APT::Install-Recommends=0 -o Acquire::Languages=none -o Acquire::Retries=3 "$@"
}
get update
get --download-only install '?essential' '?priority(required)' apt usr-is-merged "$@"
cd /cache/debs
rm -rf partial lock
index=dists/$SUITE/main/binary-$ARCH
mkdir -p pool "$index"
mv -- *.deb pool/
apt-ftparchive packages pool >"$index/Packages"
o=APT::FTPArchive::Release
apt-ftparchive -o "$o::Suite=$SUITE" -o "$o::Codename=$SUITE" -o "$o::Architectures=$ARCH" -o "$o::Components=main" \\
  release "dists/$SUITE" >/cache/Release
mv /cache/Release "dists/$SUITE/Release"
`;

/** Installs further packages into a root, with the base lists that builds will use. Arguments: packages. $BASES, $OFFLINE: lines of sources.list. */
const INSTALL = `
set -eu
export DEBIAN_FRONTEND=noninteractive
get() {
  apt-get -q -y -o Dir::Etc::sourceparts=/dev/null -o APT::Sandbox::User=root -o APT::Install-Recommends=0 -o Acquire::Languages=none \\
    -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-unsafe-io "$@"
}
if [ $# -gt 0 ]; then
  printf '%s\\n' "$OFFLINE" >/tmp/offline.list
  mkdir -p /tmp/lists/partial
  get -o Dir::Etc::sourcelist=/tmp/offline.list -o Dir::State::lists=/tmp/lists update
  get -o Dir::Etc::sourcelist=/tmp/offline.list -o Dir::State::lists=/tmp/lists install "$@"
fi
rm -f /etc/dpkg/dpkg.cfg.d/99mmdebstrap /etc/apt/apt.conf.d/99mmdebstrap /var/cache/apt/archives/*.deb /var/cache/apt/*.bin
printf '%s\\n' "$BASES" >/etc/apt/sources.list
`;

/** Lists of the base repositories, as builds will read them; the cache of them is made while there is time. */
const LISTS = `
set -eu
rm -rf /var/lib/apt/lists/*
apt-get -q -o APT::Sandbox::User=root -o Acquire::Languages=none update
apt-cache stats >/dev/null
`;

/** Makes a minimal root with mmdebstrap, once, and installs what each of the two has besides. */
export async function fillDebRoots(
  roots: { build: Filling | null; clean: Filling },
  report: PreparePhase,
): Promise<void> {
  const { build, clean } = roots;
  const { target } = clean;
  const bases = debRepositories(target);
  const lines = bases.flatMap(sourceLines);
  const remote = bases.some(isRemote);
  const suite = suiteOf(target);
  if (remote) {
    report(`${target.name}: fetching packages`);
    await step(clean, {
      script: FETCH,
      args: [...(build?.packages ?? []), ...clean.packages],
      env: { BASES: lines.join('\n'), SUITE: suite, ARCH: target.arch },
      root: 'tools',
      network: true,
      binds: addressBinds(target),
    });
  }
  const offline = remote ? [`deb [trusted=yes] file:/cache/debs ${suite} main`] : lines;
  report(`${target.name}: making a minimal root`);
  await bootstrap(clean, offline);
  if (build !== null) await copyRoot(clean, build.root);
  for (const [name, filling] of [['build root', build] as const, ['clean root', clean] as const]) {
    if (filling === null) continue;
    report(`${target.name}: installing the ${name} (${filling.packages.join(' ') || 'nothing more'})`);
    const env = { BASES: lines.join('\n'), OFFLINE: offline.join('\n') };
    await step(filling, {
      script: INSTALL,
      args: filling.packages,
      env,
      root: filling.root,
      network: false,
      binds: addressBinds(target),
    });
    await step(filling, {
      script: LISTS,
      args: [],
      env: {},
      root: filling.root,
      network: remote,
      binds: addressBinds(target),
    });
  }
}

/**
 * mmdebstrap as root of the jail. Nothing can be mounted there, and /dev and /proc of the new root are the jail's already: the one's links are
 * taken away before mmdebstrap makes its own, the other is left out of what is unpacked.
 */
async function bootstrap(filling: Filling, sources: readonly string[]): Promise<void> {
  const binds = directoryBinds(filling.target);
  const command = [
    'mmdebstrap',
    '--variant=minbase',
    '--include=apt',
    '--mode=root',
    '--format=directory',
    '--skip=check/empty,check/signed-by,chroot/mount,setup/devices,cleanup/tmp,cleanup/run',
    '--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr',
    '--dpkgopt=path-exclude=/proc',
    '--dpkgopt=force-unsafe-io',
    '--setup-hook=cd "$1/dev" && rm -f fd stdin stdout stderr ptmx core console',
    '--aptopt=APT::Sandbox::User "root"',
    `--architectures=${filling.target.arch}`,
    suiteOf(filling.target),
    ROOT,
    ...sources,
  ];
  await step(filling, {
    script: 'exec "$@"',
    args: command,
    env: {},
    root: 'tools',
    network: false,
    // apt on the outside and dpkg on the inside read the same files.
    binds: [
      ...addressBinds(filling.target),
      ...binds.map(({ source, target }) => ({ source, target: `${ROOT}${target}` })),
    ],
    inside: filling.root,
  });
}

/** The release is the first suite of the first repository; what comes after are its updates. */
function suiteOf(target: Target): string {
  const suite = debRepositories(target)[0]?.suites[0];
  if (suite !== undefined && /^[A-Za-z0-9][A-Za-z0-9.+_-]*$/.test(suite)) return suite;
  throw new TrunklineError('target_not_ready', `${target.name} has no base repository with a suite`, {
    hint: 'give the target a base repository of the distribution, with its suite and components',
  });
}

/** All but what the jail itself has mounted there. */
const COPY = `
set -e
cd /from
for name in * .[!.]*; do
  case $name in dev | proc | sys | '.[!.]*') ;; *) cp -a -- "$name" /to/ ;; esac
done
`;

async function copyRoot(from: Filling, to: JailRoot): Promise<void> {
  const result = await from.jail.run(['/bin/sh', '-c', COPY], {
    root: 'tools',
    rootsInside: [
      { root: from.root, target: '/from' },
      { root: to, target: '/to' },
    ],
    user: 'root',
    timeout: from.timeout,
  });
  await settle(from, result, 'copying the root');
}

interface Step {
  script: string;
  args: readonly string[];
  env: Record<string, string>;
  root: JailRoot | 'tools';
  network: boolean;
  binds: readonly JailBind[];
  inside?: JailRoot;
}

async function step(filling: Filling, { script, args, env, root, network, binds, inside }: Step): Promise<void> {
  const result = await filling.jail.run(['/bin/sh', '-c', script, 'sh', ...args], {
    root,
    rootsInside: [
      { root: filling.cache, target: '/cache' },
      ...(inside === undefined
        ? []
        : [
            { root: inside, target: ROOT },
            { root: filling.cache, target: `${ROOT}/cache` },
          ]),
    ],
    binds,
    user: 'root',
    network,
    env,
    timeout: filling.timeout,
  });
  await settle(filling, result, 'making the root');
}

/** @throws MachineTrouble or TrunklineError `target_not_ready` with apt's words. */
async function settle(filling: Filling, result: JailResult, during: string): Promise<void> {
  await appendToLog(filling.log, `${result.stdout}${result.stderr}`);
  stopped(result, during);
  if (result.exitCode === 0) return;
  if (/^E: (Failed to fetch|Unable to fetch)/m.test(result.stderr)) throw new MachineTrouble(complaints(result.stderr));
  throw new TrunklineError(
    'target_not_ready',
    `The roots of ${filling.target.name}: ${complaints(result.stderr)}\n${lastLines(result.stderr, 15)}`,
    { hint: 'correct baseRepositories, buildPackages or installPackages of the target' },
  );
}
