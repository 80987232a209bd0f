import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { addGrant, createAuthenticator, createToken, createUser } from '../../src/access/index.ts';
import { createClient } from '../../src/api/index.ts';
import type { Db } from '../../src/db/index.ts';
import { createBell, createLog } from '../../src/lib/index.ts';
import { restrictionsOf, type Grant, type Role } from '../../src/model/access/index.ts';
import type { Settings } from '../../src/model/index.ts';
import { createServer, type ServerContext } from '../../src/server/index.ts';
import { openReceiver } from '../../src/trunk/index.ts';
import { change } from '../access/samples.ts';
import { contextOf, TARGET } from '../promotion/context.ts';

/** A server within this process, whose repositories only write down where links were pointed. */
export async function writable(db: Db, server: Partial<Settings['server']> = {}) {
  const { context, links } = contextOf(db, ['released']);
  const targets = [TARGET, 'other'];
  const projects = ['tool', '1'].map((name) => ({
    name,
    targets,
    upstream: { url: `https://x.example/${name}` },
    packaging: {},
  }));
  let rung = 0;
  const bell = createBell();
  const trunk = {
    ...context,
    settings: { ...context.settings, projects, server: { ...context.settings.server, ...server } },
    now: Date.now,
    log: createLog('silent'),
    queueBell: { ...bell, ring: () => (rung += 1) },
  };
  const restricted = restrictionsOf([{ name: TARGET, restricted: ['secret'] }]);
  const app = await createServer({
    trunk,
    webhooks: openReceiver({ ...trunk, settings: context.settings }, []),
    authenticate: createAuthenticator(db, { restricted }),
    version: '1',
    stopping: new AbortController().signal,
  } as unknown as ServerContext);
  await app.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => app.close());
  const url = `http://127.0.0.1:${String((app.server.address() as AddressInfo).port)}`;
  /** Somebody with a role, through a token of theirs. */
  const as = async (
    name: string,
    role: Role,
    { scope = null, ...limits }: Partial<Grant> & { scope?: Grant[] | null } = {},
  ) => {
    await createUser(db, { name, password: null, admin: false }, change());
    await addGrant(db, { user: name }, { role, ...limits }, change());
    const { secret } = await createToken(db, { user: name, name: 'x', scope, expiresAt: null }, change());
    return createClient({ url, token: secret });
  };
  return { db, url, links, as, nobody: createClient({ url }), rung: () => rung };
}

/** Refused with this code. */
export const refused = (code: string) => ({ code });
