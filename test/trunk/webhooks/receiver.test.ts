import { expect, it } from 'vitest';
import { listAudit, listPolls, schedulePolls, type Db } from '../../../src/db/index.ts';
import { FORGES } from '../../../src/drivers/forges/registry.ts';
import { createLog } from '../../../src/lib/index.ts';
import type { Settings } from '../../../src/model/index.ts';
import { openReceiver } from '../../../src/trunk/index.ts';
import { describeEngines } from '../../databases.ts';
import { gerritPush, githubPush, gitlabSigned, NOON, SECRET, SIGNING } from '../../drivers/forges/samples.ts';

const projects = ['tool', 'other'].map((name) => ({
  name,
  upstream: { url: `https://forge.example.org/team/${name}`, branch: 'main' },
  packaging: {},
}));

function forgeOf(name: string) {
  const forge = FORGES.get(name);
  if (forge === undefined) throw new Error(`no ${name}`);
  return forge;
}

const due = async (db: Db) => (await listPolls(db)).filter(({ dueAt }) => dueAt <= NOON).map(({ project }) => project);

describeEngines('deliveries of forges', (fresh) => {
  const opened = async (now = () => NOON) => {
    const db = await (await fresh()).open();
    await schedulePolls(db, new Map(projects.map(({ name }) => [name, NOON + 60_000])));
    const context = { db, settings: { projects } as unknown as Settings, log: createLog('silent'), now };
    const source = (name: string, secret: string) => ({
      ...{ name, secrets: [secret], window: 300_000 },
      forge: forgeOf(name),
    });
    const sources = [source('github', SECRET), source('gitlab', SIGNING), source('gerrit', SECRET)];
    return { db, receiver: openReceiver(context, sources), context, sources };
  };

  it('are stored once, and make the projects due that they concern', async () => {
    const { db, receiver } = await opened();
    expect(await receiver.receive('github', githubPush('a-1'))).toBe('stored');
    expect(await receiver.receive('github', githubPush('a-1'))).toBe('duplicate');
    expect(await receiver.receive('gitlab', gitlabSigned('a-1'))).toBe('stored');
    expect(await receiver.receive('gerrit', gerritPush('1'))).toBe('stored');
    expect(await receiver.receive('gerrit', gerritPush('1'))).toBe('duplicate');
    await receiver.settled();
    expect(await due(db)).toEqual(['tool']);
    const elsewhere = githubPush('a-2', SECRET, 'https://forge.example.org/team/elsewhere');
    await receiver.receive('github', { ...elsewhere, headers: { ...elsewhere.headers } });
    await receiver.settled();
    expect(await receiver.worked()).toEqual([
      { source: 'gerrit', outcome: 'polled', count: 1 },
      { source: 'github', outcome: 'polled', count: 2 },
      { source: 'gitlab', outcome: 'polled', count: 1 },
    ]);
    // Who made a project due is written down, once for each delivery that did.
    const acts = await listAudit(db, { action: 'poll_soon' });
    expect(acts.map(({ actor }) => actor.slice(0, 18)).toSorted()).toEqual([
      ...['webhook/gerrit/', 'webhook/github/a-1', 'webhook/github/a-2', 'webhook/gitlab/a-1'].map(
        (one) => expect.stringContaining(one) as string,
      ),
    ]);
    expect(acts[0]).toMatchObject({
      subject: expect.stringMatching(/^forge\//) as string,
      detail: { projects: 'tool' },
    });
    const rows = await db.sql.selectFrom('webhook_deliveries').select(['body', 'detail']).execute();
    // What is worked is not kept whole.
    expect(rows.every(({ body, detail }) => body === null && detail === 'tool')).toBe(true);
  });

  it('that are not proven, or replayed, change nothing and are counted', async () => {
    const { db, receiver } = await opened();
    const good = githubPush('a-1');
    const refused = (name: string, delivery: typeof good) => expect(receiver.receive(name, delivery)).rejects;
    await refused('github', githubPush('a-1', 'another secret of some length')).toMatchObject({ code: 'forbidden' });
    await refused('github', { ...good, headers: {} }).toMatchObject({ code: 'forbidden' });
    await refused('gitlab', gitlabSigned('a', SIGNING, NOON / 1000 - 3600)).toMatchObject({ code: 'forbidden' });
    await refused('nowhere', good).toMatchObject({ code: 'not_found' });
    await receiver.receive('github', good);
    // A stranger who saw it gives it another id.
    await refused('github', { ...good, headers: { ...good.headers, 'x-github-delivery': 'a-9' } }).toMatchObject({
      code: 'forbidden',
    });
    await receiver.settled();
    const counts = receiver.counts().map(({ source, outcome, count }) => `${source} ${outcome} ${String(count)}`);
    expect(counts.sort()).toEqual([
      ' unknown 1',
      'github forged 1',
      'github replayed 1',
      'github stored 1',
      'github unsigned 1',
      'gitlab stale 1',
    ]);
    expect(await db.sql.selectFrom('webhook_deliveries').select('id').execute()).toHaveLength(1);
  });

  it('at once are all stored, each once', async () => {
    const { db, receiver } = await opened();
    const deliveries = Array.from({ length: 300 }, (_, i) => githubPush(`id-${String(i % 200)}`));
    const outcomes = await Promise.all(deliveries.map((one) => receiver.receive('github', one)));
    expect(outcomes.filter((one) => one === 'stored')).toHaveLength(200);
    expect(outcomes.filter((one) => one === 'duplicate')).toHaveLength(100);
    await receiver.settled();
    expect(await receiver.worked()).toEqual([{ source: 'github', outcome: 'polled', count: 200 }]);
    expect(await due(db)).toEqual(['tool']);
  });

  it('that a server left behind are worked by the next one; what nobody can read harms nothing', async () => {
    const { db, receiver, context, sources } = await opened();
    const body = '{"ref": 1}';
    const { createHmac } = await import('node:crypto');
    const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`;
    const headers = { 'x-github-event': 'push', 'x-github-delivery': 'odd', 'x-hub-signature-256': signature };
    await receiver.receive('github', { headers, body: Buffer.from(body) });
    await receiver.receive('github', githubPush('a-1'));
    await receiver.settled();
    await db.sql
      .updateTable('webhook_deliveries')
      .set({ worked_at: null as never, outcome: null as never })
      .execute();
    await db.sql
      .updateTable('polls')
      .set({ due_at: NOON + 60_000 })
      .execute();
    await db.sql
      .updateTable('webhook_deliveries')
      .set({ body: githubPush('a-1').body })
      .where('delivery_id', '=', 'a-1')
      .execute();
    await openReceiver(context, sources).work();
    expect(await receiver.worked()).toEqual([
      { source: 'github', outcome: 'polled', count: 1 },
      { source: 'github', outcome: 'unreadable', count: 1 },
    ]);
    expect(await due(db)).toEqual(['tool']);
  });

  it('are forgotten after ninety days', async () => {
    const clock = { now: NOON };
    const { db, receiver } = await opened(() => clock.now);
    await receiver.receive('github', githubPush('a-1'));
    await receiver.settled();
    clock.now += 90 * 86_400_000 + 1;
    await receiver.work();
    expect(await db.sql.selectFrom('webhook_deliveries').select('id').execute()).toEqual([]);
  });
});
