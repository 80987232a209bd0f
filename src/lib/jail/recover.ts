import { readFileSync } from 'node:fs';
import { findCgroups, removeStaleGroups } from './cgroups.ts';

/** When a process was started, in clock ticks since boot (proc(5), field 22), or undefined when there is none. */
export function startTime(pid: number): string | undefined {
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
