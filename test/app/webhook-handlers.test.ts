import { expect, it } from 'vitest';
import { deliverEvents } from '../../src/app/index.ts';
import type { TrunkContext } from '../../src/builds/index.ts';
import { listUndelivered, type Db } from '../../src/db/index.ts';
import { emit, type TrunklineEvent } from '../../src/events/index.ts';
import { createMutexes } from '../../src/lib/index.ts';
import type { Settings, WebhookSettings } from '../../src/model/index.ts';
import { describeEngines } from '../databases.ts';
import { NOON } from '../db/samples.ts';
import { listen } from '../drivers/notifiers/webhook/listener.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const MOVED: TrunklineEvent = { kind: 'ref_moved', target: 't', name: 'tested', from: null, to: 'a', actor: 'ada' };
const MINUTE = 60_000;

describeEngines('webhooks that are told of events', (fresh) => {
  const opened = async (webhooks: readonly Partial<WebhookSettings>[]) => {
    const db = await (await fresh()).open();
    const clock = { now: NOON };
    const errors: string[] = [];
    const context = {
      ...{ db, mutexes: createMutexes(), now: () => clock.now },
      settings: {
        ...{ mail: null, targets: [], projects: [] },
        webhooks: webhooks.map((one) => ({ secrets: [SECRET], events: [], allowPrivate: true, ...one })),
      } as unknown as Settings,
      log: { warn: () => undefined, error: (_: unknown, text: string) => errors.push(text) },
    } as unknown as TrunkContext;
    return { db, context, clock, errors };
  };
  const tell = (db: Db, event: TrunklineEvent) => db.transaction((tx) => emit(tx, event, NOON));
  const types = (heard: readonly { body: string }[]) =>
    heard.map(({ body }) => (JSON.parse(body) as { type: string }).type);

  it('hear what they asked for, and nothing that is not for strangers', async () => {
    const [all, few] = [await listen(), await listen()];
    const { db, context } = await opened([
      { name: 'all', url: all.url },
      { name: 'few', url: few.url, events: ['ref_moved'] },
    ]);
    const id = await tell(db, MOVED);
    await tell(db, { kind: 'gc_announced', target: 't', announcementId: 1, address: 'ada@example.org' });
    await deliverEvents(context);
    expect(types(all.heard)).toEqual(['ref_moved', 'gc_announced']);
    expect(types(few.heard)).toEqual(['ref_moved']);
    expect(all.heard[0]?.headers['webhook-id']).toBe(`evt_${String(id)}`);
    expect(all.heard.map(({ body }) => body).join('')).not.toContain('example.org');
    expect(await listUndelivered(db)).toEqual([]);
    await deliverEvents(context);
    expect(all.heard).toHaveLength(2);
  });

  it('that fail hold up nobody else, and are tried again under the same id', async () => {
    let broken = true;
    const [bad, good] = [await listen(() => (broken ? 500 : 200)), await listen()];
    const { db, context, clock } = await opened([
      { name: 'bad', url: bad.url },
      { name: 'good', url: good.url },
    ]);
    for (let i = 0; i < 3; i += 1) await tell(db, MOVED);
    await deliverEvents(context);
    expect(good.heard).toHaveLength(3);
    // It is left alone for a minute once it has failed.
    expect(bad.heard).toHaveLength(1);
    broken = false;
    clock.now += MINUTE;
    await deliverEvents(context);
    expect(bad.heard).toHaveLength(4);
    const ids = bad.heard.map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids).size).toBe(3);
    expect(await listUndelivered(db)).toEqual([]);
  });

  it('are given up after sixty tries in two days and a half, and that is said', async () => {
    const bad = await listen(() => 500);
    const { db, context, clock, errors } = await opened([{ name: 'bad', url: bad.url }]);
    await tell(db, MOVED);
    for (
      let tries = 0;
      tries < 200 && (await listUndelivered(db)).some(({ abandonedAt }) => abandonedAt === null);
      tries += 1
    ) {
      await deliverEvents(context);
      clock.now += 60 * MINUTE;
    }
    expect(bad.heard).toHaveLength(60);
    expect(errors).toEqual([expect.stringContaining('webhook bad: given up') as string]);
    expect((clock.now - NOON) / (24 * 60 * MINUTE)).toBeCloseTo(2.5, 0);
  });

  it('that have gone from the configuration hear nothing more', async () => {
    const bad = await listen(() => 500);
    const { db, context, clock } = await opened([{ name: 'bad', url: bad.url }]);
    await tell(db, MOVED);
    await deliverEvents(context);
    clock.now += MINUTE;
    await deliverEvents({ ...context, settings: { ...context.settings, webhooks: [] } });
    expect(await listUndelivered(db)).toEqual([]);
    expect(bad.heard).toHaveLength(1);
  });
});
