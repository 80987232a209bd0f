import { TrunklineError } from '../../../lib/index.ts';
import { BUILDER, type Jail, type JailRoot } from '../../../lib/jail/index.ts';

/** The builder's name, and the places where a build finds its source and its directory. $1 the builder's uid. */
const ADD_BUILDER = `
set -e
mkdir -p /builddir /staged
grep -q '^builder:' /etc/passwd || echo "builder:x:$1:$1::/builddir/build:/bin/sh" >>/etc/passwd
grep -q '^builder:' /etc/group || echo "builder:x:$1:" >>/etc/group
`;

/** Makes `root` one that a build can run in. @throws TrunklineError `target_not_ready` when it has no shell. */
export async function addBuilder(jail: Jail, root: JailRoot): Promise<void> {
  const command = ['/bin/sh', '-c', ADD_BUILDER, 'sh', String(BUILDER)] as const;
  const result = await jail.run(command, { root, user: 'root', timeout: 60 });
  if (result.exitCode !== 0)
    throw new TrunklineError('target_not_ready', `The build root cannot run a shell: ${result.stderr.trim()}`, {
      hint: 'put a shell, coreutils and grep into buildPackages of the target',
    });
}
