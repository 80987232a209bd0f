import type { TrunkContext } from '../builds/index.ts';
import { FORGES } from '../drivers/forges/registry.ts';
import { pauseFor, TrunklineError } from '../lib/index.ts';
import { openReceiver, type WebhookReceiver } from '../trunk/index.ts';
import type { BackgroundService } from './services/index.ts';

/** Takes in what the forges of the configuration send. */
export function openWebhooks(context: TrunkContext): WebhookReceiver {
  const sources = context.settings.forges.map(({ name, kind, secrets, window }) => {
    const forge = FORGES.get(kind);
    if (forge === undefined)
      throw new TrunklineError('unsupported', `The forge ${name} is of kind ${kind}, which is not there`, {
        hint: `the kinds are: ${[...FORGES.keys()].join(', ')}`,
      });
    return { name, forge, secrets, window: window * 1000 };
  });
  return openReceiver(context, sources);
}

/** Milliseconds after which what could not be worked at once is tried again. */
const AGAIN = 60_000;

/** Works what a server that ended left waiting, and what could not be worked when it came. */
export function webhookService(receiver: WebhookReceiver): BackgroundService {
  return {
    name: 'webhooks',
    start: async (signal) => {
      while (!signal.aborted) {
        await receiver.work();
        await pauseFor(AGAIN, signal);
      }
    },
  };
}
