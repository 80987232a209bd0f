import { describe, expect, it, vi } from 'vitest';
import { createWorkerToken } from '../../src/access/index.ts';
import { createClient } from '../../src/api/index.ts';
import { findRef, listAudit, listHolds } from '../../src/db/index.ts';
import { change } from '../access/samples.ts';
import { describeEngines } from '../databases.ts';
import { snapshot, TARGET } from '../promotion/context.ts';
import { claimed, failure, queued, ran, success } from '../queue/work.ts';
import { problem } from './serving.ts';
import { refused, writable } from './writing.ts';

const REASON = { reason: 'the mirror was down' };
const target = TARGET;

describeEngines('changes over HTTP', (fresh) => {
  const opened = async () => writable(await (await fresh()).open());

  describe('of builds', () => {
    it('queue what failed once, cancel what waits or runs, and are written down', async () => {
      const { db, as, rung } = await opened();
      const bad = await queued(db, 'bad');
      await ran(db, failure);
      const builder = await as('bob', 'builder', { project: 'tool', target });
      const told = { build: bad.id, project: 'tool', target };
      expect(await builder.post('recheckBuild', { build: bad.id }, REASON)).toEqual({ ...told, made: true });
      expect(rung()).toBe(1);
      expect(await builder.post('recheckBuild', { build: bad.id }, {})).toEqual({ ...told, made: false });
      // What it was before stays.
      expect(await builder.post('cancelBuild', { build: bad.id }, REASON)).toMatchObject({ result: 'failure' });
      expect(await builder.post('recheckProject', { project: 'tool' }, { target })).toEqual({
        items: [{ ...told, made: true }],
      });
      expect(await builder.post('cancelBuild', { build: bad.id }, {})).toMatchObject({ state: 'finished' });
      const fresh = await queued(db, 'running');
      expect(await claimed(db, Date.now())).toMatchObject({ buildId: fresh.id });
      expect(await builder.post('cancelBuild', { build: fresh.id }, {})).toMatchObject({
        ...{ state: 'finished', result: 'cancelled' },
        detail: 'cancelled by bob/x',
      });
      // Once more changes nothing.
      await builder.post('cancelBuild', { build: fresh.id }, {});
      const entries = await listAudit(db, { actor: 'bob/x' });
      expect(entries.map(({ action }) => action)).toEqual(['cancel', 'cancel', 'recheck', 'cancel', 'recheck']);
      expect(entries.at(-1)).toMatchObject({ subject: `build/${String(bad.id)}`, ...REASON });
    });

    it('build a success again with force only', async () => {
      const { db, as } = await opened();
      const good = await queued(db, 'good');
      await ran(db, success);
      const builder = await as('bob', 'builder');
      await expect(builder.post('recheckBuild', { build: good.id }, {})).rejects.toMatchObject(
        refused('invalid_argument'),
      );
      await expect(builder.post('recheckProject', { project: 'tool' }, {})).rejects.toMatchObject(
        refused('invalid_argument'),
      );
      expect(await builder.post('recheckBuild', { build: good.id }, { force: true })).toMatchObject({ made: true });
    });

    it('are for those who may, of this project and target', async () => {
      const { db, as, nobody, rung } = await opened();
      const other = await queued(db, 'one', { target: 'other' });
      await ran(db, failure);
      const build = { build: other.id };
      await expect(nobody.post('recheckBuild', build, {})).rejects.toMatchObject(refused('unauthorized'));
      const narrow = await as('bob', 'builder', { target });
      for (const what of ['recheckBuild', 'cancelBuild'] as const)
        await expect(narrow.post(what, build, {})).rejects.toMatchObject(refused('forbidden'));
      const project = { project: 'tool' };
      await expect(narrow.post('recheckProject', project, {})).rejects.toMatchObject(refused('forbidden'));
      await expect(narrow.post('recheckProject', project, { target: 'other' })).rejects.toMatchObject(
        refused('forbidden'),
      );
      const scoped = await as('eve', 'builder', { scope: [{ role: 'viewer' }] });
      await expect(scoped.post('recheckBuild', build, { force: true })).rejects.toMatchObject(refused('forbidden'));
      // A project that is called as a build is numbered.
      const named = await as('max', 'builder', { project: '1' });
      expect(other.id).toBe(1);
      await expect(named.post('recheckProject', { project: '1' }, {})).rejects.toMatchObject(
        refused('invalid_argument'),
      );
      await expect(named.post('recheckBuild', build, {})).rejects.toMatchObject(refused('forbidden'));
      expect(rung()).toBe(0);
      expect(await listAudit(db, { action: 'recheck' })).toEqual([]);
    });

    it('are refused to workers, and in anything but JSON', async () => {
      const { db, url } = await opened();
      const wanted = { name: 'one', worker: { targets: ['*'], labels: [] }, expiresAt: null };
      const { secret } = await createWorkerToken(db, wanted, change());
      const { id: build } = await queued(db, 'one');
      const worker = createClient({ url, token: secret });
      await expect(worker.post('cancelBuild', { build }, {})).rejects.toMatchObject(refused('forbidden'));
      await expect(worker.post('setRef', { target, ref: 'a' }, { ...REASON, snapshot: 'b' })).rejects.toMatchObject(
        refused('forbidden'),
      );
      const send = (type: string | null, body: string | Uint8Array<ArrayBuffer>, more: Record<string, string> = {}) =>
        fetch(`${url}/api/v1/builds/${String(build)}/cancel`, {
          method: 'POST',
          body,
          headers: { authorization: `Bearer ${secret}`, ...(type === null ? {} : { 'content-type': type }), ...more },
        });
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
        await problem(await send(type, '{}'), 415);
      await problem(await send(null, new TextEncoder().encode('{}')), 415);
      for (const body of ['', '[]', '{', 'null', '{"reason":1}', '{"x":1}', '{"reason":" "}'])
        await problem(await send('application/json', body), 400);
      await problem(await send('application/json', '{}', { 'sec-fetch-site': 'cross-site' }), 403);
    });
  });

  describe('of refs', () => {
    it('move, undo and remove, and say so', async () => {
      const { db, as, links } = await opened();
      const [one, two] = [await snapshot(db, '1'), await snapshot(db, '2')];
      const ci = await as('jenkins', 'ci', { target, ref: 'tested' });
      const ref = { target, ref: 'tested' };
      expect(await ci.post('setRef', ref, { ...REASON, snapshot: one })).toMatchObject({
        move: { from: null, to: one, actor: 'jenkins/x', ...REASON },
      });
      expect(await ci.post('setRef', ref, { ...REASON, snapshot: one })).toEqual({ move: null });
      await ci.post('setRef', ref, { ...REASON, snapshot: two.slice(0, 9) });
      expect(links.get('tested')).toBe(two);
      expect(await ci.post('undoRef', ref, REASON)).toMatchObject({ from: two, to: one });
      await expect(ci.post('removeRef', ref, REASON)).rejects.toMatchObject(refused('forbidden'));
      const manager = await as('max', 'release-manager');
      expect(await manager.post('removeRef', ref, REASON)).toMatchObject({ from: one, to: null });
      expect([await findRef(db, target, 'tested'), links.has('tested')]).toEqual([null, false]);
      await expect(manager.post('removeRef', ref, REASON)).rejects.toMatchObject(refused('not_found'));
      const entries = await listAudit(db, { subject: `ref/${target}/tested` });
      expect(entries.map(({ actor, action }) => `${actor} ${action}`)).toEqual([
        'max/x remove_ref',
        ...Array<string>(3).fill('jenkins/x move_ref'),
      ]);
    });

    it('keep to what is protected, granted and open', async () => {
      const { db, as, nobody } = await opened();
      const one = await snapshot(db, '1');
      const body = { ...REASON, snapshot: one };
      await expect(nobody.post('setRef', { target, ref: 'a' }, body)).rejects.toMatchObject(refused('unauthorized'));
      const ci = await as('jenkins', 'ci', { target });
      for (const ref of ['current', 'released']) {
        await expect(ci.post('setRef', { target, ref }, body)).rejects.toMatchObject(refused('invalid_argument'));
        await expect(ci.post('setRef', { target, ref }, { ...body, force: true })).rejects.toMatchObject(
          refused('forbidden'),
        );
      }
      await expect(ci.post('setRef', { target: 'other', ref: 'a' }, body)).rejects.toMatchObject(refused('forbidden'));
      const manager = await as('max', 'release-manager');
      expect(await manager.post('setRef', { target, ref: 'released' }, { ...body, force: true })).toMatchObject({
        move: { to: one },
      });
      await expect(
        manager.post('removeRef', { target, ref: 'current' }, { ...REASON, force: true }),
      ).rejects.toMatchObject(refused('invalid_argument'));
      await expect(manager.post('setRef', { target: 'nowhere', ref: 'a' }, body)).rejects.toMatchObject(
        refused('not_found'),
      );
      // Nobody learns by a copy of it where a ref points that they may not read.
      await manager.post('setRef', { target, ref: 'secret' }, body);
      const limited = await as('eve', 'ci', { target, ref: 'mine' });
      const copied = { ...REASON, snapshot: 'secret' };
      await expect(limited.post('setRef', { target, ref: 'mine' }, copied)).rejects.toMatchObject(refused('forbidden'));
      for (const wrong of [{ snapshot: one }, { ...body, reason: ' ' }, { ...body, force: 'yes' }, { ...body, x: 1 }])
        await expect(ci.post('setRef', { target, ref: 'a' }, wrong as never)).rejects.toMatchObject(
          refused('invalid_argument'),
        );
      await expect(ci.post('setRef', { target, ref: 'a' }, { ...REASON, snapshot: 'ffffffff' })).rejects.toMatchObject(
        refused('not_found'),
      );
      await expect(ci.post('undoRef', { target, ref: 'a' }, REASON)).rejects.toMatchObject(refused('not_found'));
    });
  });

  it('hold snapshots and let them go', async () => {
    const { db, as } = await opened();
    const hash = await snapshot(db, '1');
    const one = { target, snapshot: hash };
    const qa = await as('ada', 'qa', { target });
    const until = new Date(Date.now() + 3_600_000).toISOString();
    expect(await qa.post('addHold', { ...one, snapshot: hash.slice(0, 8) }, { ...REASON, until })).toMatchObject({
      ...{ ...one, ...REASON, until, actor: 'ada/x', endedAt: null },
    });
    expect(await listHolds(db, { at: Date.now() })).toHaveLength(1);
    expect(await qa.post('removeHold', one, {})).toMatchObject({
      snapshot: hash,
      endedAt: expect.any(String) as string,
    });
    await expect(qa.post('removeHold', one, {})).rejects.toMatchObject(refused('not_found'));
    await expect(qa.post('addHold', one, { ...REASON, until: '2020-01-01T00:00:00Z' })).rejects.toMatchObject(
      refused('invalid_argument'),
    );
    const ci = await as('jenkins', 'ci');
    await expect(ci.post('addHold', one, REASON)).rejects.toMatchObject(refused('forbidden'));
    await expect(ci.post('materialise', one, {})).rejects.toMatchObject(refused('forbidden'));
    expect(await listHolds(db, { at: Date.now() })).toEqual([]);
  });

  it('collect garbage for administrators, and say how far that is', async () => {
    const { as, nobody } = await opened();
    const manager = await as('max', 'release-manager');
    const narrow = await as('ada', 'admin', { target });
    await expect(nobody.post('startCollection', {}, {})).rejects.toMatchObject(refused('unauthorized'));
    for (const [one, body] of [
      [manager, { target }],
      [narrow, {}],
      [narrow, { target: 'other' }],
    ] as const)
      await expect(one.post('startCollection', {}, body)).rejects.toMatchObject(refused('forbidden'));
    const begun = await narrow.post('startCollection', {}, { target, now: true });
    expect(begun).toMatchObject({ actor: 'ada/x', target, state: 'running', dryRun: false });
    // The deployment of this test has nothing to collect with: that it went wrong is told, and no more.
    const ended = await vi.waitFor(async () => {
      const found = await narrow.get('getCollection', { collection: begun.id });
      expect(found.state).not.toBe('running');
      return found;
    });
    expect(ended).toMatchObject({
      state: 'failed',
      error: { code: 'internal', detail: 'The server could not do this' },
    });
    await expect(manager.get('getCollection', { collection: begun.id })).rejects.toMatchObject(refused('forbidden'));
    await expect(manager.get('getCollection', { collection: 99 })).rejects.toMatchObject(refused('forbidden'));
    await expect(narrow.get('getCollection', { collection: 99 })).rejects.toMatchObject(refused('not_found'));
  });

  it('of pins are for packagers', async () => {
    const { db, as, nobody } = await opened();
    await queued(db, 'one');
    const project = { project: 'tool' };
    const body = { ...REASON, version: '1.0' };
    await expect(nobody.post('pinProject', project, body)).rejects.toMatchObject(refused('unauthorized'));
    const packager = await as('ada', 'packager', { project: 'tool', target });
    await expect(packager.post('pinProject', project, body)).rejects.toMatchObject(refused('forbidden'));
    await expect(packager.post('pinProject', project, { ...body, target })).rejects.toMatchObject(refused('not_found'));
    await expect(packager.post('unpinProject', project, { target })).rejects.toMatchObject(refused('not_found'));
    expect(await nobody.get('listPins', {})).toEqual({ items: [], next: null });
  });
});
