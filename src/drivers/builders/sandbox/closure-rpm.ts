import type { RpmBaseRepository } from '../../../model/index.ts';
import { addressBinds, isRemote, keyInJail, localBinds, pathOf, rpmRepositories } from './base-repositories.ts';
import { answerOf, TIMEOUT, type ClosureRun, type UnmetPackage } from './closure.ts';

/** Exit 1 is dnf's for "unresolved" and for any error alike; what it lists tells them apart. */
const SCRIPT = `
set -u
mkdir -p /tmp/root /tmp/log /tmp/root/tmp/log /tmp/repos.d && cat >/tmp/repos.d/all.repo || exit 2
dnf -q --installroot=/tmp/root --setopt=reposdir=/tmp/repos.d --setopt=cachedir=/tmp/cache --setopt=logdir=/tmp/log --setopt=zchunk=False \
  --setopt=skip_if_unavailable=False '--disableplugin=*' --enableplugin=repoclosure "$@" repoclosure --check trunkline
`;

/** Every requirement of every package, source packages' build requirements included, looked up by dnf's repoclosure. */
export async function rpmClosure({ jail, target, repository }: ClosureRun): Promise<UnmetPackage[]> {
  const bases = rpmRepositories(target);
  const release = /-(\d+)(?:-|$)/.exec(target.name)?.[1] ?? '0';
  const ours = `[trunkline]\nname=trunkline\nbaseurl=file://${encodeURI(repository.path)}\nenabled=1\ngpgcheck=0\npriority=1\nmodule_hotfixes=1\n`;
  const result = await jail.run(
    ['/bin/sh', '-c', SCRIPT, 'sh', `--releasever=${release}`, `--forcearch=${target.arch}`],
    {
      root: 'tools',
      binds: [...addressBinds(target), ...localBinds(repository)],
      user: 'builder',
      network: bases.some(isRemote),
      input: [ours, ...bases.map(section)].join('\n'),
      timeout: TIMEOUT,
      maxOutput: 256 * 1024 ** 2,
    },
  );
  const unmet = result.exitCode === 1 ? readReport(result.stdout) : [];
  if (unmet.length > 0) return unmet;
  // Asking for it beforehand takes as long as the work.
  const missing = /^No such command: repoclosure\b/m.test(result.stderr);
  answerOf(
    missing ? { ...result, exitCode: 127 } : result,
    [0],
    'dnf with its repoclosure plug-in (Debian: dnf, dnf-plugins-core)',
  );
  return [];
}

function section(base: RpmBaseRepository): string {
  const keys = base.gpgkey.map((key) => (pathOf(key) === undefined ? key : `file://${keyInJail(key)}`));
  const lines = [
    `[${base.id}]`,
    `name=${base.id}`,
    ...(base.baseurl.length === 0 ? [] : [`baseurl=${base.baseurl.join(' ')}`]),
    ...(base.metalink === null ? [] : [`metalink=${base.metalink}`]),
    ...(base.mirrorlist === null ? [] : [`mirrorlist=${base.mirrorlist}`]),
    ...(keys.length === 0 ? [] : [`gpgkey=${keys.join(' ')}`]),
    'enabled=1',
    'gpgcheck=0',
    `priority=${base.priority}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** `package: NEVRA from trunkline`, `  unresolved deps:`, then a requirement a line, four blanks before it. */
function readReport(text: string): UnmetPackage[] {
  const found: { package: string; unmet: string[] }[] = [];
  for (const line of text.split('\n')) {
    const name = /^package: (.*) from \S+$/.exec(line)?.[1];
    if (name !== undefined) found.push({ package: name, unmet: [] });
    else if (line.startsWith('    ')) found.at(-1)?.unmet.push(line.trim());
  }
  return found;
}
