import { expect, it } from 'vitest';
import { addGrant, createUser } from '../../src/access/index.ts';
import { createClient, type Client } from '../../src/api/index.ts';
import { listAudit } from '../../src/db/index.ts';
import { basic, change, PASSWORD } from '../access/samples.ts';
import { describeEngines } from '../databases.ts';
import { TARGET } from '../promotion/context.ts';
import { problem } from './serving.ts';
import { refused, writable } from './writing.ts';

const target = TARGET;
const never = { expiresAt: null };
const soon = () => new Date(Date.now() + 3_600_000).toISOString();

describeEngines('who may do what, changed over HTTP', (fresh) => {
  const opened = async () => {
    const server = await writable(await (await fresh()).open());
    /** Somebody who logs in with the password. */
    const withPassword = async (name: string): Promise<Client> => {
      await createUser(server.db, { name, password: PASSWORD, admin: false }, change());
      const login = (input: string | URL | Request, init?: RequestInit) =>
        fetch(input, { ...init, headers: { ...(init?.headers as object), authorization: basic(name, PASSWORD) } });
      return createClient({ url: server.url, fetch: login });
    };
    return { ...server, withPassword };
  };

  it('users, teams, grants and tokens are made, work, and end', async () => {
    const { withPassword, db, url } = await opened();
    const root = await withPassword('root');
    await addGrant(db, { user: 'root' }, { role: 'admin' }, change());
    expect(await root.post('createUser', {}, { name: 'ada', password: PASSWORD, reason: 'she is new' })).toMatchObject({
      ...{ name: 'ada', hasPassword: true, createdBy: 'root', disabledAt: null },
    });
    await expect(root.post('createUser', {}, { name: 'ada' })).rejects.toMatchObject(refused('already_exists'));
    await root.post('createTeam', {}, { name: 'qa' });
    expect(await root.post('addMember', { team: 'qa' }, { user: 'ada' })).toMatchObject({ members: ['ada'] });
    const given = await root.post('addGrant', {}, { holder: 'team/qa', role: 'qa', target });
    expect(given).toMatchObject({ holder: 'team/qa', role: 'qa', target });
    const made = await root.post(
      'createToken',
      { user: 'ada' },
      { name: 'ci', expiresAt: soon(), scope: [{ role: 'qa', target }] },
    );
    expect(made).toMatchObject({ user: 'ada', name: 'ci', scope: [{ role: 'qa', target }] });
    const ada = createClient({ url, token: made.secret });
    await expect(ada.post('setRef', { target, ref: 'a' }, { snapshot: 'ffffffff', reason: 'x' })).rejects.toMatchObject(
      refused('not_found'),
    );
    const shown = JSON.stringify([
      await root.get('listTokens', { user: 'ada' }),
      await root.get('listAudit', {}),
      await root.get('listUsers', { limit: 1 }),
    ]);
    expect(shown).not.toContain(made.secret);
    expect(shown).not.toContain(PASSWORD);
    expect((await root.get('listUsers', { limit: 1 })).next).not.toBeNull();
    expect((await root.get('listAudit', { action: 'create_user', actor: 'root' })).items).toMatchObject([
      ...[{ subject: 'user/ada', reason: 'she is new' }, { subject: 'user/root' }],
    ]);
    await root.post('removeGrant', { grant: given.id }, {});
    await expect(ada.post('setRef', { target, ref: 'a' }, { snapshot: 'ffffffff', reason: 'x' })).rejects.toMatchObject(
      refused('forbidden'),
    );
    expect(await ada.post('revokeToken', { token: made.id }, {})).toMatchObject({
      revokedAt: expect.any(String) as string,
    });
    await expect(ada.get('listPins', {})).rejects.toMatchObject(refused('unauthorized'));
    expect(await root.post('disableUser', { user: 'ada' }, {})).toMatchObject({
      disabledAt: expect.any(String) as string,
    });
    await root.post('enableUser', { user: 'ada' }, {});
    expect(await root.post('removeMember', { team: 'qa' }, { user: 'ada' })).toMatchObject({ members: [] });
    await root.post('deleteTeam', { team: 'qa' }, {});
    await root.post('deleteUser', { user: 'ada' }, {});
    await expect(root.post('deleteUser', { user: 'ada' }, {})).rejects.toMatchObject(refused('not_found'));
    expect((await root.get('listTeams', {})).items).toEqual([]);
    const worker = await root.post('createWorkerToken', {}, { name: 'one', targets: ['*'], ...never });
    expect((await root.get('listWorkerTokens', {})).items).toMatchObject([{ name: 'one', user: null }]);
    await root.post('revokeToken', { token: worker.id }, {});
    expect((await listAudit(db, { actor: 'root' })).map(({ action }) => action)).toContain('revoke_token');
  });

  it('nobody gives or takes more than they have', async () => {
    const { as, nobody, db } = await opened();
    const narrow = await as('ada', 'admin', { target });
    const bob = { holder: 'user/bob' } as const;
    await createUser(db, { name: 'bob', password: null, admin: false }, change());
    expect(await narrow.post('addGrant', {}, { ...bob, role: 'admin', target, ref: 'x*' })).toMatchObject({
      ref: 'x*',
    });
    for (const wide of [{}, { target: 'other' }, { target: '*' }, { target: `${target}*` }, { project: 'tool' }])
      await expect(narrow.post('addGrant', {}, { ...bob, role: 'viewer', ...wide })).rejects.toMatchObject(
        refused('forbidden'),
      );
    const root = await as('root', 'admin');
    const wide = await root.post('addGrant', {}, { ...bob, role: 'qa' });
    await expect(narrow.post('removeGrant', { grant: wide.id }, {})).rejects.toMatchObject(refused('forbidden'));
    expect((await narrow.get('listGrants', {})).items.map(({ holder }) => holder)).toEqual(['user/ada', 'user/bob']);
    // A token with less than its owner has.
    const scoped = await as('eve', 'admin', { scope: [{ role: 'admin', target }] });
    await expect(scoped.post('addGrant', {}, { ...bob, role: 'viewer' })).rejects.toMatchObject(refused('forbidden'));
    const qa = await as('tom', 'qa');
    for (const one of [qa, nobody, narrow, scoped]) {
      const code = refused(one === nobody ? 'unauthorized' : 'forbidden');
      await expect(one.post('createUser', {}, { name: 'x' })).rejects.toMatchObject(code);
      await expect(one.get('listUsers', {})).rejects.toMatchObject(code);
      await expect(one.get('listAudit', {})).rejects.toMatchObject(code);
      await expect(one.post('createToken', { user: 'bob' }, { name: 'y', ...never })).rejects.toMatchObject(code);
      await expect(one.post('setPassword', { user: 'bob' }, { password: PASSWORD })).rejects.toMatchObject(code);
      await expect(one.post('createWorkerToken', {}, { name: 'w', targets: ['*'], ...never })).rejects.toMatchObject(
        code,
      );
      // The token of ada, which only `narrow` is itself.
      if (one !== narrow) await expect(one.post('revokeToken', { token: 1 }, {})).rejects.toMatchObject(code);
    }
    await expect(qa.post('removeGrant', { grant: 99 }, {})).rejects.toMatchObject(refused('forbidden'));
    await expect(nobody.post('removeGrant', { grant: 99 }, {})).rejects.toMatchObject(refused('unauthorized'));
    expect(await nobody.get('listGrants', {})).toMatchObject({ items: [] });
  });

  it('no token makes a way in for anybody, an administrator with a password does', async () => {
    const { as, withPassword, db } = await opened();
    const root = await as('root', 'admin');
    expect(await root.post('createUser', {}, { name: 'bob' })).toMatchObject({ hasPassword: false });
    const made = { name: 'more', ...never };
    const login = { name: 'tom', password: PASSWORD };
    for (const refusal of [
      () => root.post('createToken', { user: 'bob' }, made),
      () => root.post('setPassword', { user: 'bob' }, { password: PASSWORD }),
      () => root.post('createUser', {}, login),
    ])
      await expect(refusal()).rejects.toMatchObject(refused('forbidden'));
    const ada = await withPassword('ada');
    await expect(ada.post('createToken', { user: 'bob' }, made)).rejects.toMatchObject(refused('forbidden'));
    await addGrant(db, { user: 'ada' }, { role: 'admin' }, change());
    expect(await ada.post('createToken', { user: 'bob' }, made)).toMatchObject({ user: 'bob', createdBy: 'ada' });
    expect(await ada.post('createUser', {}, { ...login, admin: true })).toMatchObject({ hasPassword: true });
    expect(await listAudit(db, { subject: 'token/bob/more' })).toMatchObject([
      { actor: 'ada', action: 'create_token' },
    ]);
    expect(await root.post('setPassword', { user: 'tom' }, { password: null })).toMatchObject({ hasPassword: false });
  });

  it('a user makes tokens and a password for themselves, a token none for its owner', async () => {
    const { as, url, withPassword, db } = await opened();
    const ada = await withPassword('ada');
    const made = await ada.post('createToken', { user: 'ada' }, { name: 'laptop', ...never });
    const token = createClient({ url, token: made.secret });
    expect((await token.get('listTokens', { user: 'ada' })).items).toMatchObject([{ name: 'laptop', worker: null }]);
    const root = await as('root', 'admin');
    for (const [one, user] of [
      [token, 'ada'],
      [root, 'root'],
    ] as const) {
      await expect(one.post('createToken', { user }, { name: 'more', ...never })).rejects.toMatchObject(
        refused('forbidden'),
      );
      await expect(one.post('setPassword', { user }, { password: PASSWORD })).rejects.toMatchObject(
        refused('forbidden'),
      );
    }
    const other = await ada.post('createToken', { user: 'ada' }, { name: 'other', ...never });
    await expect(token.post('revokeToken', { token: other.id }, {})).rejects.toMatchObject(refused('forbidden'));
    // More than she has.
    await expect(
      ada.post('createToken', { user: 'ada' }, { name: 'big', scope: [{ role: 'admin' }], ...never }),
    ).rejects.toMatchObject(refused('invalid_argument'));
    await ada.post('setPassword', { user: 'ada' }, { password: 'another good one' });
    await expect(ada.get('listPins', {})).rejects.toMatchObject(refused('unauthorized'));
    expect((await listAudit(db, { actor: 'ada' })).map(({ action }) => action)).toEqual([
      ...['set_password', 'create_token', 'create_token'],
    ]);
  });

  it('what is wrong says so, and tells no secret', async () => {
    const { db, url, withPassword } = await opened();
    const root = await withPassword('root');
    await addGrant(db, { user: 'root' }, { role: 'admin' }, change());
    const wrong = async (path: string, body: object) => {
      await expect(root.post(path as never, { user: 'root' } as never, body as never)).rejects.toMatchObject(
        refused('invalid_argument'),
      );
    };
    for (const name of ['', 'Ada', 'worker', 'anonymous', '../x', 'a b', 'a'.repeat(101)])
      await wrong('createUser', { name });
    await wrong('createUser', { name: 'ada', password: 'short' });
    await wrong('createUser', { name: 'ada', admin: 1 });
    for (const holder of ['bob', 'group/bob', 'user/', 'user/a/b']) await wrong('addGrant', { holder, role: 'viewer' });
    await wrong('addGrant', { holder: 'anonymous', role: 'qa' });
    await wrong('addGrant', { holder: 'user/root', role: 'king' });
    await wrong('addGrant', { holder: 'user/root', role: 'qa', target: 'a b' });
    await wrong('createWorkerToken', { name: 'w', targets: [], ...never });
    await wrong('createWorkerToken', { name: 'w', targets: ['*'] });
    await wrong('createWorkerToken', { name: 'w', targets: ['*'], expiresAt: '2020-01-01T00:00:00Z' });
    await expect(root.post('addGrant', {}, { holder: 'user/x', role: 'qa' })).rejects.toMatchObject(
      refused('not_found'),
    );
    await withPassword('eve');
    const answer = await fetch(`${url}/api/v1/users`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: basic('eve', PASSWORD) },
      body: JSON.stringify({ name: 'ada', password: { secret: 'hunter2hunter2' } }),
    });
    expect(JSON.stringify(await problem(answer, 400))).not.toContain('hunter2');
  });
});
