import { endPassedPins, type TrunkContext } from '../../builds/index.ts';
import { shedBacklogs } from '../../queue/index.ts';
import { pauseFor } from '../../lib/index.ts';

/** Milliseconds between two looks. */
const LOOK = 30_000;

/** What a server does now and then, until `signal` is aborted: pins whose time has passed are ended, and backlogs that cannot be kept up with are left out. */
export async function keepHouse(
  context: TrunkContext,
  { places, signal }: { places: number; signal: AbortSignal },
): Promise<void> {
  const { settings, db, log } = context;
  const targets = settings.targets.map(({ name }) => name);
  while (!signal.aborted) {
    for (const { pin } of await endPassedPins(context, targets))
      log.info({ project: pin.project, target: pin.target }, 'its pin has ended');
    const limit = settings.server.backlogLimit * 1000;
    for (const shed of await shedBacklogs(db, { targets, places, limit, now: context.now() }))
      log.warn(shed, 'more work waits than can be done: only the newest commit of each project is built');
    await pauseFor(LOOK, signal);
  }
}
