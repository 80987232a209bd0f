import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import {
  addGrant,
  addMember,
  createTeam,
  createToken,
  createUser,
  createWorkerToken,
  deleteUser,
  disableUser,
  dismissMember,
  enableUser,
  endToken,
  setPassword,
} from '../../src/access/index.ts';
import { hashPassword } from '../../src/access/password.ts';
import { findLogin, listTokens, updatePassword } from '../../src/db/index.ts';
import { may } from '../../src/model/access/index.ts';
import { describeEngines } from '../databases.ts';
import { NOON } from '../db/samples.ts';
import { ADDRESS, basic, change, PASSWORD, withAda } from './samples.ts';

const MINUTE = 60_000;
const refused = { code: 'unauthorized' };

describeEngines('who asks', (fresh) => {
  it('is told by a password, which counts as long as it is the user’s', async () => {
    const db = await (await fresh()).open();
    const { ask } = await withAda(db);
    expect(await ask(undefined)).toMatchObject({ kind: 'anonymous', name: 'anonymous', grants: [] });
    expect(await ask(basic('ada', PASSWORD))).toMatchObject({ kind: 'user', name: 'ada', user: 'ada', grants: [] });
    // Remembered, and still looked up.
    expect(await ask(basic('ada', PASSWORD))).toMatchObject({ kind: 'user' });
    await disableUser(db, 'ada', change());
    await expect(ask(basic('ada', PASSWORD))).rejects.toMatchObject({ ...refused, message: 'This user is disabled' });
    await enableUser(db, 'ada', change());
    await setPassword(db, 'ada', 'another long password', change());
    await expect(ask(basic('ada', PASSWORD))).rejects.toMatchObject(refused);
    expect(await ask(basic('ada', 'another long password'))).toMatchObject({ kind: 'user' });
    await setPassword(db, 'ada', null, change());
    for (const secret of ['another long password', '', 'null'])
      await expect(ask(basic('ada', secret))).rejects.toMatchObject(refused);
    await deleteUser(db, 'ada', change());
    await expect(ask(basic('ada', PASSWORD))).rejects.toMatchObject(refused);
  });

  it('is told the same of a wrong user as of a wrong password, without either', async () => {
    const db = await (await fresh()).open();
    const { ask } = await withAda(db);
    const said = await Promise.all(
      [basic('ada', 'wrong password'), basic('bob', 'wrong password'), basic('', '')].map((header) =>
        ask(header).catch((error: unknown) => error as Error),
      ),
    );
    expect(new Set(said.map((one) => (one as Error).message))).toEqual(
      new Set(['The user or the password is not right']),
    );
  });

  it('is told by a token, with Bearer or as a password, until it ends', async () => {
    const db = await (await fresh()).open();
    const { ask } = await withAda(db);
    const order = { user: 'ada', name: 'laptop', scope: null, expiresAt: NOON + MINUTE };
    const { token, secret } = await createToken(db, order, change());
    expect(secret).toMatch(/^tl_[0-9A-Za-z]{49}$/);
    for (const header of [`Bearer ${secret}`, `bearer  ${secret}`, basic('ada', secret)])
      expect(await ask(header)).toMatchObject({ kind: 'token', name: 'ada/laptop', user: 'ada' });
    await expect(ask(basic('bob', secret))).rejects.toMatchObject(refused);
    await expect(ask(`Bearer ${secret}`, { now: NOON + MINUTE })).rejects.toThrow('expired on');
    await disableUser(db, 'ada', change());
    await expect(ask(`Bearer ${secret}`)).rejects.toThrow('a user who is disabled');
    await enableUser(db, 'ada', change());
    expect(await ask(`Bearer ${secret}`)).toMatchObject({ kind: 'token' });
    await endToken(db, token.id, change());
    await expect(ask(`Bearer ${secret}`)).rejects.toThrow('was revoked');
    // The name is free again.
    await createToken(db, order, change());
    await deleteUser(db, 'ada', change());
    await expect(ask(`Bearer ${secret}`)).rejects.toThrow('is not known');
    expect(JSON.stringify(await db.sql.selectFrom('tokens').selectAll().execute())).not.toContain(secret.slice(3));
  });

  it('is not told by anything else', async () => {
    const db = await (await fresh()).open();
    const { ask } = await withAda(db);
    const { secret } = await createToken(db, { user: 'ada', name: 'x', scope: null, expiresAt: null }, change());
    const flipped = secret.endsWith('0') ? '1' : '0';
    const wrong = [
      '',
      'Basic',
      'Basic !!!',
      `Basic ${Buffer.from('no colon').toString('base64')}`,
      `Basic ${Buffer.from([0xff, 0x3a, 0xff]).toString('base64')}`,
      `Digest username="ada"`,
      `Bearer ${PASSWORD}`,
      `Bearer ${secret.slice(0, -1)}${flipped}`,
      `Bearer ${secret.slice(0, -2)}`,
      `Bearer ${secret} ${secret}`,
      `Bearer tlw_${secret.slice(3)}`,
      basic('ada', `${secret}x`),
      basic("ada' or 1=1 --", PASSWORD),
      basic('ADA', PASSWORD),
      `Bearer ${'x'.repeat(10_000)}`,
    ];
    for (const header of wrong) {
      const said = await ask(header).catch((error: unknown) => error);
      expect(said, header).toMatchObject(refused);
      expect(inspect(said)).not.toContain(secret.slice(0, 20));
      expect(inspect(said)).not.toContain(PASSWORD);
    }
  });

  it('is told of the use of tokens once a minute', async () => {
    const db = await (await fresh()).open();
    const { ask } = await withAda(db);
    const { secret } = await createToken(db, { user: 'ada', name: 'x', scope: null, expiresAt: null }, change());
    const used = async () => (await listTokens(db))[0]?.lastUsedAt;
    expect(await used()).toBeNull();
    await ask(`Bearer ${secret}`, { now: NOON + 5 });
    expect(await used()).toBe(NOON + 5);
    await ask(`Bearer ${secret}`, { now: NOON + MINUTE });
    expect(await used()).toBe(NOON + 5);
    await ask(`Bearer ${secret}`, { now: NOON + MINUTE + 5 });
    expect(await used()).toBe(NOON + MINUTE + 5);
  });

  it('has what was granted to them, to their teams and, to read, to everybody', async () => {
    const db = await (await fresh()).open();
    const { ask } = await withAda(db, { restricted: [{ target: 'product' }] });
    const one = { target: 'product', ref: 'released' };
    const two = { target: 'product', ref: 'rc' };
    expect(may(await ask(undefined), 'repository.read', one)).toBe(false);
    await addGrant(db, 'anonymous', { role: 'viewer', ...one }, change());
    expect(may(await ask(undefined), 'repository.read', one)).toBe(true);
    await createTeam(db, 'testers', change());
    await addGrant(db, { team: 'testers' }, { role: 'qa', target: 'prod*' }, change());
    const { secret } = await createToken(db, { user: 'ada', name: 'x', scope: null, expiresAt: null }, change());
    expect(may(await ask(basic('ada', PASSWORD)), 'repository.read', two)).toBe(false);
    await addMember(db, 'testers', 'ada', change());
    for (const header of [basic('ada', PASSWORD), `Bearer ${secret}`]) {
      expect(may(await ask(header), 'repository.read', two)).toBe(true);
      expect(may(await ask(header), 'ref.move', two)).toBe(true);
    }
    const scope = [{ role: 'viewer' as const, target: 'product' }];
    const narrow = await createToken(db, { user: 'ada', name: 'dnf', scope, expiresAt: null }, change());
    expect(may(await ask(`Bearer ${narrow.secret}`), 'repository.read', two)).toBe(true);
    expect(may(await ask(`Bearer ${narrow.secret}`), 'ref.move', two)).toBe(false);
    await dismissMember(db, 'testers', 'ada', change());
    for (const header of [basic('ada', PASSWORD), `Bearer ${secret}`, `Bearer ${narrow.secret}`])
      expect(may(await ask(header), 'repository.read', two)).toBe(false);
  });

  it('is a worker with a token of that kind, and nothing more', async () => {
    const db = await (await fresh()).open();
    const { ask } = await withAda(db);
    const worker = { targets: ['fedora-*'], labels: ['x86_64'] };
    const { token, secret } = await createWorkerToken(db, { name: 'one', worker, expiresAt: null }, change());
    expect(secret).toMatch(/^tlw_/);
    const principal = await ask(`Bearer ${secret}`);
    expect(principal).toMatchObject({ kind: 'worker', name: 'worker/one', worker, grants: [] });
    expect(may(principal, 'attempt.work', { target: 'fedora-43' })).toBe(true);
    expect(may(principal, 'build.recheck', {})).toBe(false);
    await endToken(db, token.id, change());
    await expect(ask(`Bearer ${secret}`)).rejects.toMatchObject(refused);
  });

  it('has a password hashed at the cost of today at the next login', async () => {
    const db = await (await fresh()).open();
    const { ask } = await withAda(db);
    const { user } = (await findLogin(db, 'ada')) ?? {};
    await updatePassword(db, user?.id ?? 0, await hashPassword('an old password', { ln: 10, r: 8, p: 1 }));
    await expect(ask(basic('ada', 'a wrong password'))).rejects.toMatchObject(refused);
    const before = (await findLogin(db, 'ada'))?.password;
    expect(before).toMatch(/^\$scrypt\$ln=10,r=8,p=1\$/);
    expect(await ask(basic('ada', 'an old password'))).toMatchObject({ kind: 'user' });
    expect((await findLogin(db, 'ada'))?.password).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$/);
    expect(await ask(basic('ada', 'an old password'))).toMatchObject({ kind: 'user' });
  });
});

describeEngines('wrong passwords', (fresh) => {
  it('make a pause for that user from that address, and for nobody elsewhere', async () => {
    const db = await (await fresh()).open();
    const { ask } = await withAda(db);
    await createUser(db, { name: 'bob', password: PASSWORD, admin: false }, change());
    const { secret } = await createToken(db, { user: 'ada', name: 'x', scope: null, expiresAt: null }, change());
    for (let n = 0; n < 5; n += 1) await expect(ask(basic('ada', `wrong ${n}`))).rejects.toMatchObject(refused);
    await expect(ask(basic('ada', PASSWORD))).rejects.toMatchObject({ code: 'rate_limited', retryAfter: 1 });
    expect(await ask(basic('ada', PASSWORD), { address: '198.51.100.1' })).toMatchObject({ kind: 'user' });
    // Remembered from there, and still refused here: what is tried in a pause tells nothing.
    await expect(ask(basic('ada', PASSWORD))).rejects.toMatchObject({ code: 'rate_limited' });
    expect(await ask(basic('bob', PASSWORD))).toMatchObject({ kind: 'user' });
    expect(await ask(basic('ada', secret), { address: ADDRESS })).toMatchObject({ kind: 'token' });
    expect(await ask(basic('ada', PASSWORD), { now: NOON + 1000 })).toMatchObject({ kind: 'user' });
  });
});
