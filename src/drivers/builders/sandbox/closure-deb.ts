import { parse } from 'yaml';
import { z } from 'zod';
import { ownArchive } from '../own-archive.ts';
import { sourceLines } from './apt.ts';
import { addressBinds, debRepositories, isRemote, localBinds } from './base-repositories.ts';
import { answerOf, TIMEOUT, type ClosureRun, type UnmetPackage } from './closure.ts';

/**
 * apt fetches the lists, and checks them as it does anywhere; dose-debcheck, Debian's own solver for this, looks whether each of our packages
 * can be installed. $1 the architecture, $2 our line of sources.list; the base repositories' are on standard input.
 */
const SCRIPT = `
set -u
command -v apt-get >/dev/null && command -v dose-debcheck >/dev/null || exit 127
mkdir -p /tmp/state/lists/partial /tmp/cache/archives/partial /tmp/etc && cd /tmp || exit 2
cat >bases.list && printf '%s\\n' "$2" >ours.list || exit 2
: >status
apt() {
  list=$1; shift
  apt-get -q -o Dir::Etc=/tmp/etc -o Dir::Etc::sourcelist="/tmp/$list.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State=/tmp/state \
    -o Dir::State::status=/tmp/status -o Dir::Cache=/tmp/cache -o Acquire::Languages=none -o APT::Architecture="$architecture" \
    -o APT::Architectures="$architecture" -o APT::Get::List-Cleanup=0 -o APT::Update::Error-Mode=any "$@"
}
architecture=$1
for list in bases ours; do
  apt "$list" update >&2 || exit 3
  apt "$list" indextargets --format '$(FILENAME)' 'Created-By: Packages' >files || exit 4
  while read -r file; do
    if [ -e "$file" ]; then /usr/lib/apt/apt-helper cat-file "$file" && echo || exit 5; fi
  done <files >"$list.packages"
done
dose-debcheck --failures --explain --deb-native-arch="$architecture" --deb-ignore-essential --bg=/tmp/bases.packages --fg=/tmp/ours.packages
`;

const reportSchema = z.object({
  report: z
    .array(
      z.object({
        package: z.coerce.string(),
        version: z.coerce.string(),
        architecture: z.coerce.string().default(''),
        reasons: z.array(z.record(z.string(), z.unknown())).default([]),
      }),
    )
    .nullish(),
});

/** Every Depends and Pre-Depends of every binary package, solved by dose-debcheck. */
export async function debClosure({ jail, target, repository }: ClosureRun): Promise<UnmetPackage[]> {
  const bases = debRepositories(target);
  const { line: ours } = await ownArchive(repository);
  const result = await jail.run(['/bin/sh', '-c', SCRIPT, 'sh', target.arch, ours], {
    root: 'tools',
    binds: [...addressBinds(target), ...localBinds(repository)],
    user: 'builder',
    network: bases.some(isRemote),
    input: `${bases.flatMap(sourceLines).join('\n')}\n`,
    timeout: TIMEOUT,
    maxOutput: 256 * 1024 ** 2,
  });
  // 1: some packages cannot be installed (dose-debcheck(1)).
  const text = answerOf(result, [0, 1], 'apt and dose-debcheck (Debian: apt, apt-utils, dose-distcheck)');
  const { report } = reportSchema.parse(parse(text) ?? {});
  return (report ?? []).map((one) => ({
    package: `${one.package}_${one.version}_${one.architecture}`,
    unmet: one.reasons.flatMap(reasonsOf),
  }));
}

const missingSchema = z.object({ pkg: z.object({ 'unsat-dependency': z.coerce.string() }) });
const conflictSchema = z.object({
  pkg1: z.object({ package: z.coerce.string() }),
  pkg2: z.object({ package: z.coerce.string() }),
});

function reasonsOf(reason: Readonly<Record<string, unknown>>): string[] {
  const missing = missingSchema.safeParse(reason.missing);
  if (missing.success) return [missing.data.pkg['unsat-dependency'].replaceAll(/:[a-z0-9-]+(?=[ |,]|$)/g, '')];
  const conflict = conflictSchema.safeParse(reason.conflict);
  if (conflict.success) return [`${conflict.data.pkg1.package} conflicts with ${conflict.data.pkg2.package}`];
  return [JSON.stringify(reason)];
}
