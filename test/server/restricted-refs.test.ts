import { expect, it } from 'vitest';
import { addGrant, createAuthenticator, createToken, createUser } from '../../src/access/index.ts';
import type { TrunkContext } from '../../src/builds/index.ts';
import { moveRef } from '../../src/db/index.ts';
import { createLog } from '../../src/lib/index.ts';
import { restrictionsOf } from '../../src/model/access/index.ts';
import { createServer } from '../../src/server/index.ts';
import { openReceiver } from '../../src/trunk/index.ts';
import { change } from '../access/samples.ts';
import { describeEngines } from '../databases.ts';
import { NOON } from '../db/samples.ts';
import { snapshot } from '../promotion/context.ts';

const TARGETS = [{ name: 'product', restricted: ['released'] }];

describeEngines('a ref that is not for everybody', (fresh) => {
  it('is neither named nor followed for those without a grant', async () => {
    const db = await (await fresh()).open();
    const hash = await snapshot(db, '1', { target: 'product' });
    for (const name of ['current', 'released'])
      await moveRef(db, { target: 'product', name, to: hash, actor: 'ada', reason: 'x', now: NOON });
    await createUser(db, { name: 'ada', password: null, admin: false }, change());
    await addGrant(db, { user: 'ada' }, { role: 'viewer', target: 'product' }, change());
    const order = { user: 'ada', name: 'x', scope: null, expiresAt: null };
    const { secret } = await createToken(db, order, change());
    const server = { workerLease: 60, trustedProxies: [] };
    const settings = { targets: TARGETS, projects: [], protectedRefs: [], server };
    const trunk = { db, settings, log: createLog('silent'), now: () => NOON } as unknown as TrunkContext;
    const authenticate = createAuthenticator(db, { restricted: restrictionsOf(TARGETS) });
    const webhooks = openReceiver(trunk, []);
    const stopping = new AbortController().signal;
    const app = await createServer({ trunk, authenticate, webhooks, version: '1', stopping });
    const get = async (path: string, authorization?: string) => {
      const headers = authorization === undefined ? {} : { authorization };
      const answer = await app.inject({ url: `/api/v1/targets/product/${path}`, headers });
      return { status: answer.statusCode, text: answer.body };
    };
    const ada = `Bearer ${secret}`;
    for (const path of [
      'refs/released',
      'refs/released/history',
      'snapshots/released',
      'snapshots/released/packages',
    ]) {
      expect(await get(path), path).toMatchObject({ status: 401 });
      if (!path.endsWith('packages')) expect(await get(path, ada), path).toMatchObject({ status: 200 });
    }
    for (const path of ['snapshots/released/diff?to=current', 'snapshots/current/diff?to=released'])
      expect(await get(path), path).toMatchObject({ status: 401 });
    for (const path of ['refs', 'snapshots', 'snapshots/current', `snapshots/${hash.slice(0, 9)}`]) {
      const [theirs, hers] = [await get(path), await get(path, ada)];
      expect(theirs, path).toMatchObject({ status: 200, text: expect.stringContaining('current') as string });
      expect(theirs.text).not.toContain('released');
      expect(hers.text, path).toContain('released');
    }
    await app.close();
  });
});
