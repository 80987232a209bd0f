import type { TrunkContext } from '../../builds/index.ts';
import { findPoll, pollSoon, type Poll } from '../../db/index.ts';
import { audit } from '../../events/index.ts';
import { requireProject } from '../../model/index.ts';

/**
 * Has a project looked at as soon as a server is free to. Answers how it was looked at before, with when this was asked.
 * @throws TrunklineError `not_found`
 */
export async function askForPoll(
  { db, settings, now }: Pick<TrunkContext, 'db' | 'settings' | 'now'>,
  { project, actor, reason }: { project: string; actor: string; reason: string | null },
): Promise<Poll> {
  const { name } = requireProject(settings, project);
  return db.transaction(async (tx) => {
    const at = now();
    await pollSoon(tx, [name], at);
    await audit(tx, { actor, action: 'poll_soon', subject: `project/${name}`, reason }, at);
    const poll = await findPoll(tx, name);
    if (poll === null) throw new Error(`${name} was asked for and is not there`);
    return poll;
  });
}
