import { pollSoon, workDeliveries, type WaitingDelivery } from '../../db/index.ts';
import type { TrunkContext } from '../../builds/index.ts';
import { audit } from '../../events/index.ts';
import type { Forge, ForgeEvent } from '../../model/index.ts';
import { affectedProjects } from './affected.ts';

/** Worked in one transaction at most: it holds up whoever else writes, and their bodies are in memory together. */
const BATCH = 40;

/** What became of a delivery, as it is kept with it. */
interface WorkedDelivery {
  /** `polled`: projects were made due. `ignored`: it concerns none. `unreadable`: it is not what the forge sends. */
  outcome: 'polled' | 'ignored' | 'unreadable';
  /** The projects, or what is wrong. */
  detail: string | null;
}

/** Works all deliveries that wait: a push makes the projects due for polling whose upstream or packaging it is to. */
export async function workWaiting(
  { db, settings, now }: Pick<TrunkContext, 'db' | 'settings' | 'now'>,
  sources: ReadonlyMap<string, { forge: Forge }>,
): Promise<void> {
  let worked: number;
  do {
    const at = now();
    worked = await workDeliveries(db, { limit: BATCH, now: at }, async (tx, deliveries) => {
      const polls = new Set<string>();
      const outcomes = deliveries.map((one) => decide(one, sources.get(one.source)?.forge, settings.projects, polls));
      await pollSoon(tx, [...polls].sort(), at);
      for (const [place, { outcome, detail }] of outcomes.entries()) {
        const one = deliveries[place];
        if (one === undefined || outcome !== 'polled') continue;
        const act = { actor: `webhook/${one.source}/${one.deliveryId}`, action: 'poll_soon', reason: null } as const;
        await audit(tx, { ...act, subject: `forge/${one.source}`, detail: { projects: detail } }, at);
      }
      return outcomes;
    });
  } while (worked > 0);
}

function decide(
  delivery: WaitingDelivery,
  forge: Forge | undefined,
  projects: TrunkContext['settings']['projects'],
  polls: Set<string>,
): WorkedDelivery {
  if (forge === undefined) return { outcome: 'ignored', detail: 'this forge is not configured any more' };
  const event = readEvent(forge, delivery);
  if ('unreadable' in event) return { outcome: 'unreadable', detail: event.unreadable };
  if (event.kind === 'other') return { outcome: 'ignored', detail: null };
  const affected = affectedProjects(projects, event);
  for (const project of affected) polls.add(project);
  return affected.length === 0
    ? { outcome: 'ignored', detail: 'no project is at this repository and branch' }
    : { outcome: 'polled', detail: affected.join(' ') };
}

function readEvent(forge: Forge, delivery: WaitingDelivery): ForgeEvent | { unreadable: string } {
  try {
    return forge.read(delivery, delivery.body);
  } catch (error) {
    return { unreadable: error instanceof Error ? error.message : String(error) };
  }
}
