import { expect, it } from 'vitest';
import {
  addGrant,
  addMember,
  createTeam,
  createToken,
  createUser,
  createWorkerToken,
  deleteTeam,
  deleteUser,
  disableUser,
  dismissMember,
  endToken,
  findTokenNamed,
  grantsOf,
  refusal,
  requireMay,
  setPassword,
  takeGrant,
} from '../../src/access/index.ts';
import { grantsInForce, listAudit, listTokens, listUsers } from '../../src/db/index.ts';
import { anonymous, type Grant, type Principal } from '../../src/model/access/index.ts';
import { describeEngines } from '../databases.ts';
import { NOON } from '../db/samples.ts';
import { change } from './samples.ts';

const robot = (name: string) => ({ name, password: null, admin: false });

describeEngines('users, teams, grants and tokens', (fresh) => {
  it('are refused where they make no sense, and then nothing is written', async () => {
    const db = await (await fresh()).open();
    await createUser(db, robot('ci'), change());
    await createTeam(db, 'testers', change());
    const qa: Grant = { role: 'qa', target: 'fedora-*' };
    await addGrant(db, { user: 'ci' }, qa, change());
    const token = { user: 'ci', name: 'jenkins', scope: null, expiresAt: null };
    const { token: made } = await createToken(db, token, change());
    const before = await listAudit(db);
    const worker = (targets: string[], labels: string[] = []) =>
      createWorkerToken(db, { name: 'one', worker: { targets, labels }, expiresAt: null }, change());
    const scoped = (...scope: Grant[]) => createToken(db, { ...token, name: 'x', scope }, change());
    const wrong: [string, () => Promise<unknown>][] = [
      ['There is a user ci already', () => createUser(db, robot('ci'), change())],
      ['There is a team testers already', () => createTeam(db, 'testers', change())],
      ['user/ci has this grant already', () => addGrant(db, { user: 'ci' }, qa, change())],
      ['There is a token token/ci/jenkins already', () => createToken(db, token, change())],
      ['There is no user bob', () => addGrant(db, { user: 'bob' }, qa, change())],
      ['There is no user bob', () => addMember(db, 'testers', 'bob', change())],
      ['There is no user bob', () => setPassword(db, 'bob', null, change())],
      ['There is no user bob', () => disableUser(db, 'bob', change())],
      ['There is no user bob', () => deleteUser(db, 'bob', change())],
      ['There is no user bob', () => createToken(db, { ...token, user: 'bob' }, change())],
      ['There is no team bobs', () => addGrant(db, { team: 'bobs' }, qa, change())],
      ['There is no team bobs', () => deleteTeam(db, 'bobs', change())],
      ['ci is not in the team testers', () => dismissMember(db, 'testers', 'ci', change())],
      ['There is no grant 99', () => takeGrant(db, 99, change())],
      ['There is no token 99', () => endToken(db, 99, change())],
      ['There is no token ci/y', () => findTokenNamed(db, 'ci/y')],
      ['Everybody cannot be admin', () => addGrant(db, 'anonymous', { role: 'admin' }, change())],
      ['There is no role "boss"', () => addGrant(db, { user: 'ci' }, { role: 'boss' as never }, change())],
      ['can be no target', () => addGrant(db, { user: 'ci' }, { role: 'qa', target: '../x' }, change())],
      ['can be no ref', () => addGrant(db, { user: 'ci' }, { role: 'qa', ref: '' }, change())],
      ['ci does not have what the token shall: qa', () => scoped({ role: 'qa' })],
      [
        'ci does not have what the token shall: admin on target fedora-1',
        () => scoped({ role: 'admin', target: 'fedora-1' }),
      ],
      ['ci does not have what the token shall: viewer on target *', () => scoped({ role: 'viewer', target: '*' })],
      ['at most 50', () => scoped(...Array.from({ length: 51 }, () => qa))],
      ['would have expired already', () => createToken(db, { ...token, name: 'x', expiresAt: NOON }, change())],
      ['The worker has no target', () => worker([])],
      ['is no target and no label', () => worker(['a b'])],
      ['is no target and no label', () => worker(['*'], ['x'.repeat(300)])],
      ...['Ada', '', '-x', 'a:b', 'a/b', 'a\nb', 'x'.repeat(101), 'é'].map((name): [string, () => Promise<unknown>] => [
        'cannot be the name of a user',
        () => createUser(db, robot(name), change()),
      ]),
      ...['anonymous', 'system', 'worker'].map((name): [string, () => Promise<unknown>] => [
        'is a name of Trunkline’s own',
        () => createUser(db, robot(name), change()),
      ]),
    ];
    for (const [why, attempt] of wrong)
      await expect(Promise.resolve().then(attempt), why).rejects.toMatchObject({
        name: 'TrunklineError',
        message: expect.stringContaining(why) as string,
      });
    expect(await listAudit(db)).toEqual(before);
    expect(await listTokens(db)).toEqual([made]);
    expect(await listUsers(db)).toHaveLength(1);
  });

  it('are written to the audit log with who and why', async () => {
    const db = await (await fresh()).open();
    const by = { actor: 'ada/laptop', reason: 'they asked', now: NOON };
    await createUser(db, { ...robot('bob'), admin: true }, by);
    const { token } = await createToken(
      db,
      { user: 'bob', name: 'ci', scope: [{ role: 'qa', ref: 'rc' }], expiresAt: NOON + 1 },
      by,
    );
    await endToken(db, token.id, by);
    await disableUser(db, 'bob', by);
    // Once is enough.
    await disableUser(db, 'bob', by);
    const log = await listAudit(db);
    expect(log.map(({ action, subject, detail }) => [action, subject, detail]).reverse()).toEqual([
      ['create_user', 'user/bob', { password: false }],
      ['add_grant', 'user/bob', { role: 'admin' }],
      [
        'create_token',
        'token/bob/ci',
        { id: token.id, scope: [{ role: 'qa', ref: 'rc' }], expires: new Date(NOON + 1).toISOString() },
      ],
      ['revoke_token', 'token/bob/ci', { id: token.id }],
      ['disable_user', 'user/bob', null],
    ]);
    for (const entry of log)
      expect(entry).toMatchObject({ actor: 'ada/laptop', reason: 'they asked', createdAt: NOON });
    expect(await listAudit(db, { since: NOON + 1 })).toEqual([]);
    expect(await listAudit(db, { subject: 'token/', action: 'revoke_token', actor: 'ada/laptop' })).toHaveLength(1);
    // A name that begins alike is another one.
    expect(await listAudit(db, { subject: 'user/bo' })).toEqual([]);
  });

  it('of somebody who was removed are not there for whoever is called so next', async () => {
    const db = await (await fresh()).open();
    await createUser(db, { ...robot('bob'), admin: true }, change());
    await createTeam(db, 'testers', change());
    await addMember(db, 'testers', 'bob', change());
    await addGrant(db, { team: 'testers' }, { role: 'qa' }, change());
    await createToken(db, { user: 'bob', name: 'ci', scope: null, expiresAt: null }, change());
    await deleteUser(db, 'bob', change());
    const { id } = await createUser(db, robot('bob'), change());
    expect(await grantsInForce(db, id)).toEqual({ own: [], anonymous: [] });
    expect(await listTokens(db, { revoked: true })).toEqual([]);
    await deleteTeam(db, 'testers', change());
    await createTeam(db, 'testers', change());
    await addMember(db, 'testers', 'bob', change());
    expect((await grantsInForce(db, id)).own).toEqual([]);
    expect(await grantsOf(db, null)).toEqual([]);
  });

  it('that are made twice at once are made once', async () => {
    const database = await fresh();
    const one = await database.open();
    // One connection writes to SQLite.
    const two = one.adapter.skipsLockedRows ? await database.open() : one;
    const settled = await Promise.allSettled([one, two].map((db) => createUser(db, robot('bob'), change())));
    expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(settled.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'already_exists' } });
    expect(await listAudit(one)).toHaveLength(1);
  });
});

describeEngines('a refusal', (fresh) => {
  it('says which role it takes, and who can grant it', async () => {
    const db = await (await fresh()).open();
    const on = { target: 'fedora-43', ref: 'current' };
    const asked = async (principal: Principal) => {
      const { code, message, hint } = await refusal(db, principal, 'ref.force', on);
      return [code, message, hint];
    };
    const bob: Principal = { name: 'bob', kind: 'user', user: 'bob', grants: [{ role: 'qa' }] };
    const message = 'bob may not move protected refs, current and consistent (target fedora-43, ref current)';
    const role = 'it takes the role release-manager or admin;';
    expect(await asked(bob)).toEqual(['forbidden', message, `${role} an administrator of the machine can grant it`]);
    for (const name of ['ada', 'cyd', 'dan', 'eve']) await createUser(db, robot(name), change());
    await addGrant(db, { user: 'ada' }, { role: 'admin' }, change());
    await createTeam(db, 'fedora', change());
    await addGrant(db, { team: 'fedora' }, { role: 'admin', target: 'fedora-*' }, change());
    for (const name of ['cyd', 'ada', 'eve']) await addMember(db, 'fedora', name, change());
    await addGrant(db, { user: 'dan' }, { role: 'admin', target: 'debian-*' }, change());
    await disableUser(db, 'eve', change());
    expect(await asked(bob)).toEqual(['forbidden', message, `${role} ada, cyd can grant it`]);
    const token: Principal = {
      ...bob,
      name: 'bob/x',
      kind: 'token',
      grants: [{ role: 'admin' }],
      scope: [{ role: 'qa' }],
    };
    expect(await asked(token)).toMatchObject([
      'forbidden',
      expect.stringContaining('bob/x may not'),
      'bob may, this token may not: make one with a wider scope',
    ]);
    expect(await asked({ name: 'worker/one', kind: 'worker', grants: [] })).toMatchObject([
      'forbidden',
      expect.stringContaining('worker/one may not'),
      expect.stringContaining('use a user'),
    ]);
    expect(await asked(anonymous())).toMatchObject([
      'unauthorized',
      expect.stringContaining('has to log in'),
      expect.anything(),
    ]);
    await expect(requireMay(db, bob, 'ref.force', on)).rejects.toMatchObject({ code: 'forbidden' });
    await requireMay(db, bob, 'ref.move', on);
  });
});
