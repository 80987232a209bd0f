/**
 * The beginning of a command that runs in mount and process namespaces of its own, started by root: whatever it mounts or starts ends with it, also
 * when this process is killed with -9 (`--pdeathsig`, `--kill-child`), so that there is nothing to unmount or to end afterwards.
 * `setup` is a fixed script for sh; values are its positional parameters and never part of it. It must not become another user itself (`exec setpriv …`):
 * the kernel forgets the signal at the parent's death of a process whose user changes (prctl(2)), and the first process is what holds all others.
 */
export function inOwnNamespaces(setup: string, parameters: readonly string[]): [string, ...string[]] {
  return [
    'setpriv',
    '--pdeathsig',
    'KILL',
    'unshare',
    '--mount',
    '--propagation',
    'private',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
    'sh',
    '-c',
    setup,
    'sh',
    ...parameters,
  ];
}
