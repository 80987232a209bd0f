import { join } from 'node:path';
import { appendToLog } from '../../../lib/index.ts';
import { openJail, type Jail, type JailResult, type JailRoot } from '../../../lib/jail/index.ts';
import type { FailureReason, VerifyOutcome, VerifyRequest } from '../../../model/index.ts';
import { ownArchive } from '../own-archive.ts';
import { unmetWords } from './log.ts';
import { CLEAN_ROOT } from './prepare.ts';
import { isRemote, keyFiles, localDirectories } from './sources.ts';

/**
 * apt-get in the clean root. $1 `fetch` (with the network, without maintainer scripts) or `install` (the other way round: what is remote lies in the cache by then), then `name=version`…
 * $SNAPSHOT: our repository as a line of sources.list. Exit 3: the lists cannot be read, 4: packages cannot be fetched.
 */
const APT = `
set -u
export DEBIAN_FRONTEND=noninteractive
step=$1
shift
apt() {
  apt-get -q -y -o APT::Sandbox::User=root -o APT::Install-Recommends=0 -o Acquire::Languages=none -o Acquire::Retries=3 \\
    -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-unsafe-io "$@"
}
if [ "$step" = fetch ]; then
  printf '%s\\n' "$SNAPSHOT" >/etc/apt/sources.list.d/trunkline.list
  dpkg-query -W -f '\${Package}_\${Version}_\${Architecture}\\n' >/var/tmp/before
  apt update || exit 3
  apt --simulate install "$@" || exit 1
  apt --download-only install "$@" || exit 4
else
  apt install "$@" || exit 1
  dpkg-query -W -f '\${Package}_\${Version}_\${Architecture}\\n' >/var/tmp/after
fi
`;

const ADDED = 'sort /var/tmp/before >/tmp/b; sort /var/tmp/after >/tmp/a; comm -13 /tmp/b /tmp/a';

/** Installs the packages in exactly these versions in a jail over the clean root. @throws the reason of `request.signal`. */
export async function verifyIn(generation: string, request: VerifyRequest): Promise<VerifyOutcome> {
  const { target, signal } = request;
  const { memory, processes, disk, time } = target.limits;
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const end = (
    reason: FailureReason | null,
    detail: string | null,
    installed: readonly string[] = [],
  ): VerifyOutcome => ({
    ok: reason === null,
    ...{ reason, detail, installed, timings: { install: seconds() } },
  });
  const packages = request.packages.map(
    ({ name, version, arch }) => `${name}${arch === 'all' ? '' : `:${arch}`}=${version}`,
  );
  const strange = packages.find((word) => !/^[a-z0-9][a-z0-9+.-]*(:[a-z0-9-]+)?=[0-9][A-Za-z0-9.+~:-]*$/.test(word));
  if (strange !== undefined)
    return end('install_failed', `${JSON.stringify(strange)} is not a package that apt can install`);
  await using jail = await openJail({ label: 'install', limits: { memory, processes, disk }, signal });
  const root = await jail.addRoot([join(generation, CLEAN_ROOT)]);
  for (const step of ['fetch', 'install'] as const) {
    const result = await runStep(jail, root, request, step, packages, time - seconds());
    signal.throwIfAborted();
    const failure = failureOf(result, step);
    if (failure !== null) return end(failure.reason, failure.detail);
  }
  const added = await jail.run(['/bin/sh', '-c', ADDED], { root, user: 'root', timeout: 60 });
  return end(
    null,
    null,
    added.stdout.split('\n').filter((line) => line !== ''),
  );
}

async function runStep(
  jail: Jail,
  root: JailRoot,
  { target, repository, logs }: VerifyRequest,
  step: 'fetch' | 'install',
  packages: readonly string[],
  timeout: number,
): Promise<JailResult> {
  const paths = [...localDirectories(target, repository), ...keyFiles(target)];
  const result = await jail.run(['/bin/sh', '-c', APT, 'sh', step, ...packages], {
    root,
    binds: paths.map((path) => ({ source: path, target: path })),
    user: 'root',
    network: step === 'fetch' && isRemote(target),
    env: { SNAPSHOT: (await ownArchive(repository)).line },
    timeout: Math.max(1, timeout),
    maxOutput: target.limits.output,
  });
  await appendToLog(join(logs, 'install.log'), `${result.stdout}${result.stderr}`);
  return result;
}

function failureOf(result: JailResult, step: 'fetch' | 'install'): { reason: FailureReason; detail: string } | null {
  if (result.stop === 'time') return { reason: 'timeout', detail: 'the installation took longer than limits.time' };
  if (result.stop !== null)
    return { reason: 'install_failed', detail: `the installation was ended by its limit: ${result.stop}` };
  if (result.exitCode === 0) return null;
  const words = unmetWords(`${result.stdout}\n${result.stderr}`);
  const fetching = step === 'fetch' && (result.exitCode === 3 || result.exitCode === 4);
  return { reason: fetching ? 'infra_error' : 'install_failed', detail: words };
}
