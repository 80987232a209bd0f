import { setTimeout as pause } from 'node:timers/promises';
import { countDeliveries, forgetDeliveries, insertDeliveries, type NewDelivery, type Stored } from '../../db/index.ts';
import type { TrunkContext } from '../../builds/index.ts';
import { describeError, sha256, TrunklineError } from '../../lib/index.ts';
import type { DeliveryRefusal, Forge, RawDelivery } from '../../model/index.ts';
import { inBatches } from './batches.ts';
import { workWaiting } from './work.ts';

/** A forge as the configuration names it: `POST /webhooks/<name>`. */
export interface WebhookSource {
  name: string;
  forge: Forge;
  secrets: readonly string[];
  /** Milliseconds that a delivery's time may be off, where the forge proves one. */
  window: number;
}

/** `oversized` and `unsupported`: refused before anybody looked at the proof. */
export type WebhookOutcome = Stored | DeliveryRefusal | 'oversized' | 'unsupported' | 'unknown' | 'busy';

export interface WebhookCount {
  source: string;
  outcome: WebhookOutcome;
  count: number;
}

export interface WebhookReceiver {
  /** Whether there is such a source. */
  knows(name: string): boolean;
  /** Refuses by its headers what brings no proof at all. @throws TrunklineError `forbidden` */
  requireProof(name: string, headers: RawDelivery['headers']): void;
  /**
   * Checks a delivery and stores it; what it leads to is done later. @returns `duplicate` when it was there already
   * @throws TrunklineError `not_found` for no such source, `forbidden` for what is not proven, or is stale or replayed, `invalid_argument`
   */
  receive(name: string, delivery: RawDelivery): Promise<'stored' | 'duplicate'>;
  /** Counts what was refused before it got here. */
  count(name: string, outcome: WebhookOutcome): void;
  /** What came of deliveries since this process began, for /metrics. Names of no source are counted together, as an empty one. */
  counts(): readonly WebhookCount[];
  /** What became of stored deliveries, by source and outcome, of all processes. */
  worked(): Promise<{ source: string; outcome: string; count: number }[]>;
  /** Works what waits, and forgets what is old. Returns when nothing waits. */
  work(): Promise<void>;
  /** Resolves when nothing is being worked. */
  settled(): Promise<void>;
}

/** Milliseconds for which a delivery is remembered, and refused when it comes again. */
const REMEMBERED = 90 * 86_400_000;
/** Written in one transaction at most. */
const BATCH = 200;

const SAYS: Readonly<Record<DeliveryRefusal | 'replayed', { what: string; hint: string }>> = {
  unsigned: {
    what: 'The delivery brings no proof that it is the forge’s',
    hint: 'set a secret at the forge, the same as here; docs/webhooks.md says where for each forge',
  },
  forged: {
    what: 'The delivery’s proof is wrong',
    hint: 'the forge and this server know different secrets, or something in between changed the body',
  },
  stale: { what: 'The delivery is too old, or from a time to come', hint: 'check the clocks of both machines' },
  malformed: {
    what: 'The delivery lacks what all of this forge have',
    hint: 'is it this kind of forge that sends here?',
  },
  replayed: { what: 'The delivery was here before, under another id', hint: 'nothing to do: it was worked then' },
};

/** Takes in what forges send. */
export function openReceiver(
  context: Pick<TrunkContext, 'db' | 'settings' | 'log' | 'now'>,
  sources: readonly WebhookSource[],
): WebhookReceiver {
  const byName = new Map(sources.map((source) => [source.name, source]));
  const counts = new Map<string, WebhookCount>();
  const count = (name: string, outcome: WebhookOutcome) => {
    const source = byName.has(name) ? name : '';
    const key = `${source} ${outcome}`;
    const known = counts.get(key) ?? { source, outcome, count: 0 };
    counts.set(key, { ...known, count: known.count + 1 });
  };
  const store = inBatches((some: readonly NewDelivery[]) => insertDeliveries(context.db, some, context.now()), BATCH);
  const work = workInTurn(context, byName);
  return {
    knows: (name) => byName.has(name),
    requireProof(name, headers) {
      const source = byName.get(name);
      if (source === undefined) return;
      const { forge, secrets, window } = source;
      const checked = forge.check({ headers, body: Buffer.alloc(0) }, { secrets, window, now: context.now() });
      if (checked.proven || checked.refusal !== 'unsigned') return;
      count(name, 'unsigned');
      throw refusal('unsigned', 'forbidden');
    },
    count,
    counts: () => [...counts.values()],
    worked: () => countDeliveries(context.db),
    work,
    settled: work.settled,
    async receive(name, delivery) {
      const proven = prove(context, byName.get(name), delivery, (outcome) => {
        count(name, outcome);
      });
      const stored = await store(proven);
      count(name, stored);
      if (stored === 'replayed') throw refusal('replayed', 'forbidden');
      if (stored === 'stored') void work();
      return stored;
    },
  };
}

function prove(
  { now }: Pick<TrunkContext, 'now'>,
  source: WebhookSource | undefined,
  delivery: RawDelivery,
  count: (outcome: WebhookOutcome) => void,
): NewDelivery {
  if (source === undefined) {
    count('unknown');
    throw new TrunklineError('not_found', 'No forge of that name is configured', {
      hint: 'forges in the configuration names them',
    });
  }
  const { name, forge, secrets, window } = source;
  const checked = forge.check(delivery, { secrets, window, now: now() });
  if (!checked.proven) {
    count(checked.refusal);
    throw refusal(checked.refusal, checked.refusal === 'malformed' ? 'invalid_argument' : 'forbidden');
  }
  const { id, idProven, event, origin } = checked;
  const { body } = delivery;
  return { source: name, deliveryId: id, bodyDigest: idProven ? null : sha256(body), event, origin, body };
}

function refusal(why: DeliveryRefusal | 'replayed', code: 'forbidden' | 'invalid_argument'): TrunklineError {
  return new TrunklineError(code, SAYS[why].what, { hint: SAYS[why].hint });
}

/** Milliseconds between two passes: what comes in a burst is worked together. */
const PAUSE = 200;

/** One at a time; who asks meanwhile has it done once more. What fails is tried again at the next call. */
function workInTurn(
  context: Pick<TrunkContext, 'db' | 'settings' | 'log' | 'now'>,
  sources: ReadonlyMap<string, WebhookSource>,
): (() => Promise<void>) & { settled: () => Promise<void> } {
  let running: Promise<void> | null = null;
  let again = false;
  const run = async () => {
    for (;;) {
      again = false;
      await workWaiting(context, sources);
      if (!(again as boolean)) break;
      await pause(PAUSE);
    }
    await forgetDeliveries(context.db, context.now() - REMEMBERED);
  };
  const work = () => {
    again = true;
    running ??= run()
      .catch((error: unknown) => {
        context.log.error(`deliveries of forges were not worked: ${describeError(error)}; tried again later`);
      })
      .finally(() => {
        running = null;
      });
    return running;
  };
  return Object.assign(work, { settled: () => running ?? Promise.resolve() });
}
