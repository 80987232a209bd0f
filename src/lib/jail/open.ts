import { TrunklineError } from '../errors.ts';
import { createJailGroup, findCgroups } from './cgroups.ts';
import { startHolder } from './holder.ts';
import { createJail } from './jail.ts';
import { keeper } from './keeper.ts';
import { startTime } from './recover.ts';
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
