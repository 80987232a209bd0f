import { readFileSync } from 'node:fs';
import { TrunklineError } from '../errors.ts';
import { createJailGroup, findCgroups, removeStaleGroups } from './cgroups.ts';
import { startHolder } from './holder.ts';
import { createJail } from './jail.ts';
import { keeper } from './keeper.ts';
import type { Jail, JailOptions } from './types.ts';

let opened = 0;

/**
 * Opens a jail: control groups, a mount namespace with `limits.disk` to write, and no process yet besides the one that holds it.
 * @throws TrunklineError `missing_tool` where a limit cannot be enforced or we are not root, `sandbox_failed`, `invalid_argument`
 */
export async function openJail(options: JailOptions): Promise<Jail> {
  checkOptions(options);
  options.signal?.throwIfAborted();
  const [roots, shared] = await Promise.all([findCgroups(), keeper()]);
  const group = await createJailGroup(roots, groupName(options.label), options.limits);
  try {
    const holder = await startHolder(shared, options.limits.disk, group.directories);
    return createJail(options, { keeper: shared, group, holder });
  } catch (error) {
    await group.remove();
    throw error;
  }
}

function checkOptions({ label, limits }: JailOptions): void {
  if (!/^[A-Za-z0-9-]{1,80}$/.test(label))
    throw new TrunklineError('invalid_argument', `Not a label of a jail: ${label}`);
  for (const [name, value] of Object.entries(limits))
    if (!Number.isSafeInteger(value) || value <= 0)
      throw new TrunklineError(
        'invalid_argument',
        `The limit ${name} of a jail must be a positive integer, not ${String(value)}`,
      );
}

/** `label.pid.start.n`: pid and start time say later whether the process that made it still lives. */
function groupName(label: string): string {
  return [label, process.pid, startTime(process.pid), opened++].join('.');
}

/** When a process was started, in clock ticks since boot (proc(5), field 22), or undefined when there is none. */
function startTime(pid: number): string | undefined {
  try {
    const fields = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    return fields.slice(fields.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

/**
 * Ends and removes what processes of ours that were killed have left: control groups and whatever still runs in them. Mounts have gone with them.
 * Answers the names of the groups; none on a machine that cannot have jails.
 */
export async function recoverJails(): Promise<string[]> {
  const roots = await findCgroups().catch(() => undefined);
  if (roots === undefined) return [];
  return removeStaleGroups(roots, (name) => {
    const [, pid, start] = name.split('.');
    return pid === undefined || startTime(Number(pid)) !== start;
  });
}
