import { describeError, pauseFor } from '../../lib/index.ts';
import { renewRefs } from '../../promotion/index.ts';
import type { Trunk } from '../open.ts';

/** Seconds between two looks, at most. */
const LOOK = 60;
/** Looks within the time for which an index is believed: half of them come while it can still be renewed. */
const LOOKS = 16;

/**
 * Dates refs anew before apt stops believing them, until `signal` is aborted. A target where that fails, as with a key that has expired, does not keep
 * the others from it.
 */
export async function renewNowAndThen(
  { settings, log, ...rest }: Trunk['context'],
  signal: AbortSignal,
): Promise<void> {
  const targets = settings.targets.filter(({ validFor }) => validFor !== null);
  const shortest = Math.min(...targets.map(({ validFor }) => validFor ?? Infinity));
  const wait = Math.max(Math.min(LOOK, shortest / LOOKS), 0.5) * 1000;
  while (!signal.aborted) {
    for (const target of targets)
      try {
        if (await renewRefs({ settings, ...rest }, target))
          log.debug({ target: target.name }, 'its refs are dated anew');
      } catch (error) {
        const what = `apt will refuse its refs when their time is over: ${describeError(error)}`;
        log.error({ target: target.name, err: error }, what);
      }
    await pauseFor(wait, signal);
  }
}
