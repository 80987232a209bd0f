import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { addGrant, createAuthenticator, createToken, createUser } from '../../src/access/index.ts';
import { createClient } from '../../src/api/index.ts';
import { findRef, listAudit, type Db } from '../../src/db/index.ts';
import { createLog } from '../../src/lib/index.ts';
import { restrictionsOf, type Role } from '../../src/model/access/index.ts';
import { createServer, type ServerContext } from '../../src/server/index.ts';
import { openReceiver } from '../../src/trunk/index.ts';
import { change } from '../access/samples.ts';
import { describeEngines } from '../databases.ts';
import { contextOf, snapshot, TARGET } from '../promotion/context.ts';
import { published } from '../promotion/votes-samples.ts';

const RESTRICTED = [{ name: 'other', restricted: true }];

describeEngines('votes and promotions over HTTP', (fresh) => {
  const opened = async () => {
    const db = await (await fresh()).open();
    const { context } = contextOf(db, ['released']);
    const trunk = { ...context, now: Date.now, log: createLog('silent') };
    const app = await createServer({
      trunk: { ...trunk, settings: { ...trunk.settings, projects: [] } },
      authenticate: createAuthenticator(db, { restricted: restrictionsOf(RESTRICTED) }),
      webhooks: openReceiver(trunk, []),
      version: '1',
      stopping: new AbortController().signal,
    } as unknown as ServerContext);
    await app.listen({ host: '127.0.0.1', port: 0 });
    onTestFinished(() => app.close());
    const url = `http://127.0.0.1:${String((app.server.address() as AddressInfo).port)}`;
    const client = async (name: string, role: Role | null, limits = {}) => {
      if (role === null) return createClient({ url });
      return createClient({ url, token: await tokenOf(db, name, role, limits) });
    };
    return { db, url, client };
  };
  const tokenOf = async (db: Db, name: string, role: Role, limits: object) => {
    await createUser(db, { name, password: null, admin: false }, change());
    await addGrant(db, { user: name }, { role, ...limits }, change());
    return (await createToken(db, { user: name, name: 'x', scope: null, expiresAt: null }, change())).secret;
  };
  const target = TARGET;
  const REASON = { reason: 'it passed' };

  it('go from a vote to a promotion and back', async () => {
    const { db, client } = await opened();
    const [one, two] = [await snapshot(db, '1', { at: 1 }), await snapshot(db, '2', { at: 2 })];
    const ci = await client('jenkins', 'ci', { target });
    const vote = await ci.post(
      'castVote',
      { target },
      { snapshot: one, job: 'tempest', result: 'success', url: 'https://ci/1' },
    );
    expect(vote).toMatchObject({ snapshot: one, actor: 'jenkins/x', counts: true, expiresAt: null });
    await ci.post('castVote', { target }, { snapshot: two.slice(0, 8), job: 'tempest', result: 'failure' });
    expect(await ci.get('getLastTested', { target })).toMatchObject({ snapshot: two, mark: null });
    expect(await ci.get('getLastTested', { target, result: 'success', max_age: 3600 })).toMatchObject({
      snapshot: one,
    });
    expect(await ci.get('getLastGood', { target, jobs: 'tempest' })).toMatchObject({ snapshot: one });
    const take = () => ci.post('takeLastGood', { target, jobs: 'tempest' }, { job: 'upgrade', lasts: 60 });
    expect(await take()).toMatchObject({ snapshot: one, mark: { taken: true, vote: { result: 'in_progress' } } });
    expect(await take()).toMatchObject({ mark: { taken: false, vote: { actor: 'jenkins/x' } } });
    expect((await ci.get('listVotes', { target, job: 'upgrade' })).items).toHaveLength(1);
    expect((await ci.get('listVotes', { target, limit: 1 })).next).not.toBeNull();

    const promote = { target, ref: 'tested' };
    await expect(ci.post('promote', promote, { ...REASON, snapshot: one, require: ['upgrade'] })).rejects.toMatchObject(
      {
        code: 'promotion_refused',
      },
    );
    expect(await ci.post('promote', promote, { ...REASON, snapshot: one, require: ['tempest'] })).toMatchObject({
      ...{ made: true, standing: true, actor: 'jenkins/x', from: null },
      votes: [{ job: 'tempest', result: 'success' }],
    });
    const { id } = await ci.post('promote', promote, { ...REASON, snapshot: two });
    expect(await findRef(db, target, 'tested')).toMatchObject({ snapshotHash: two });
    expect(await ci.post('demote', promote, { reason: 'it was bad', promotion: id })).toMatchObject({
      standing: false,
    });
    expect(await findRef(db, target, 'tested')).toMatchObject({ snapshotHash: one });
    const listed = await ci.get('listPromotions', { target, name: 'tested' });
    expect(listed.items.map(({ standing }) => standing)).toEqual([false, true]);
    expect(await listAudit(db, { actor: 'jenkins/x' })).toHaveLength(6);
  });

  it('are for those who may', async () => {
    const { db, client, url } = await opened();
    const one = await snapshot(db, '1');
    const build = await published(db, 'a');
    const vote = { snapshot: one, job: 'tempest', result: 'success' } as const;
    const nobody = await client('', null);
    await expect(nobody.post('castVote', { target }, vote)).rejects.toMatchObject({ code: 'unauthorized' });
    await expect(nobody.post('takeLastTested', { target }, { job: 'x' })).rejects.toMatchObject({
      code: 'unauthorized',
    });
    await expect(nobody.post('promote', { target, ref: 'tested' }, { ...REASON, snapshot: one })).rejects.toMatchObject(
      { code: 'unauthorized' },
    );
    expect((await nobody.get('listVotes', { target })).items).toEqual([]);
    await expect(nobody.get('listVotes', { target: 'other' })).rejects.toMatchObject({ code: 'unauthorized' });
    const viewer = await client('ada', 'viewer');
    await expect(viewer.post('castVote', { target }, vote)).rejects.toMatchObject({ code: 'forbidden' });
    const elsewhere = await client('bob', 'ci', { target: 'other' });
    await expect(elsewhere.post('castVote', { target }, vote)).rejects.toMatchObject({ code: 'forbidden' });
    // A build of another target than the address says.
    await expect(
      elsewhere.post('castVote', { target: 'other' }, { build: build.id, job: 'tempest', result: 'success' }),
    ).rejects.toMatchObject({ code: 'not_found' });
    const limited = await client('eve', 'ci', { target, ref: 'tested' });
    await limited.post('castVote', { target }, vote);
    await limited.post('promote', { target, ref: 'tested' }, { ...REASON, snapshot: one });
    await expect(
      limited.post('promote', { target, ref: 'shipped' }, { ...REASON, snapshot: one }),
    ).rejects.toMatchObject({ code: 'forbidden' });
    await expect(limited.post('demote', { target, ref: 'shipped' }, REASON)).rejects.toMatchObject({
      code: 'forbidden',
    });
    const manager = await client('max', 'release-manager');
    for (const ref of ['current', 'released'])
      await expect(manager.post('promote', { target, ref }, { ...REASON, snapshot: one })).rejects.toMatchObject({
        code: 'ref_protected',
      });
    expect(await findRef(db, target, 'current')).toBeNull();
    const raw = await fetch(`${url}/api/v1/targets/${target}/votes`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'x',
    });
    // Who asks is looked at before the body is.
    expect([raw.status, (await raw.json()) as object]).toMatchObject([401, { code: 'unauthorized' }]);
  });

  it('that are wrong say so', async () => {
    const { db, client } = await opened();
    const one = await snapshot(db, '1');
    const ci = await client('jenkins', 'ci');
    const wrong = (body: object) => expect(ci.post('castVote', { target }, body as never)).rejects;
    const good = { snapshot: one, job: 'tempest', result: 'success' };
    for (const body of [
      ...[
        { ...good, url: 'javascript:alert(1)' },
        { ...good, result: 'maybe' },
        { ...good, job: '' },
      ],
      ...[
        { ...good, snapshot: 'current' },
        { ...good, build: 1 },
        { job: 'a', result: 'success' },
        { ...good, other: 1 },
      ],
      ...[
        { ...good, lasts: 1e9 },
        { ...good, votedAt: '2999-01-01T00:00:00Z' },
        { ...good, notes: 'x'.repeat(10_001) },
      ],
    ])
      await wrong(body).toMatchObject({ code: 'invalid_argument' });
    await wrong({ ...good, snapshot: 'ffffffff' }).toMatchObject({ code: 'not_found' });
    await expect(ci.get('getLastTested', { target })).rejects.toMatchObject({ code: 'not_found' });
    await db.sql.updateTable('snapshots').set({ gone_at: 1 }).where('hash', '=', one).execute();
    await expect(ci.post('promote', { target, ref: 'tested' }, { ...REASON, snapshot: one })).rejects.toMatchObject({
      code: 'gone',
    });
    await expect(ci.post('promote', { target, ref: 'tested' }, { reason: ' ', snapshot: one })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
  });
});
