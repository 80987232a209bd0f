import { refusal } from '../access/index.ts';
import type { Db } from '../db/index.ts';
import { TrunklineError } from '../lib/index.ts';
import { may, mayReadSome, type Principal } from '../model/access/index.ts';
import { belongingOf } from '../repos/index.ts';

/**
 * Goes on only where somebody may read a file of a target's repository; `path` is below its directory, decoded.
 * @throws TrunklineError `not_found` for what is not for clients; `unauthorized`, `forbidden`
 */
export async function requireReadable(db: Db, principal: Principal, target: string, path: string): Promise<void> {
  const belongs = belongingOf(path);
  if (belongs.kind === 'hidden')
    throw new TrunklineError('not_found', `${target} has no such file`, {
      hint: 'start from the client files of a ref',
    });
  const on = belongs.kind === 'ref' ? { target, ref: belongs.ref } : { target };
  const allowed = belongs.kind === 'shared' ? mayReadSome(principal, target) : may(principal, 'repository.read', on);
  if (!allowed) throw await refusal(db, principal, 'repository.read', on);
}
