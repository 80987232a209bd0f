import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAuthenticator } from '../../src/access/index.ts';
import { openDatabase, sqliteUrl } from '../../src/db/index.ts';
import { may } from '../../src/model/access/index.ts';
import { basic } from '../access/samples.ts';
import { trunkline, type Said } from './trunkline.ts';
import { sampled } from '../sampled.ts';

const PASSWORD = 'correct horse battery';
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tl-access-'));
  await trunkline(['init', directory, '--no-key']);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const cli = (args: string[], input = ''): Promise<Said> =>
  trunkline([...args, '--config', join(directory, 'trunkline.yaml')], { input, environment: { USER: 'root' } });
const json = async <T>(args: string[], input = ''): Promise<T> => {
  const said = await cli([...args, '--json'], input);
  expect(said.stderr.replace(/^(it is not shown|trunkline grant add).*\n/, '')).toBe('');
  return JSON.parse(said.stdout) as T;
};
const refused = async (args: string[], why: string, input = '') => {
  const said = await cli(args, input);
  expect(said).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(why) as string });
};

async function ask(authorization: string) {
  const db = await openDatabase({ url: sqliteUrl(join(directory, 'data/trunkline.sqlite')), mode: 'read' });
  try {
    return await createAuthenticator(db, { restricted: [] })({ authorization, address: '::1' }, Date.now());
  } finally {
    await db.close();
  }
}

test('the first administrator is made on the machine, with a password from standard input', async () => {
  expect(await cli(['user', 'create', 'ada', '--admin'], `${PASSWORD}\n`)).toMatchObject({
    code: 0,
    stdout: 'user ada is made, and may everything\n',
  });
  const ada = await ask(basic('ada', PASSWORD));
  expect(may(ada, 'user.change', {})).toBe(true);
  expect(await json(['user', 'show', 'ada'])).toMatchObject({
    name: 'ada',
    hasPassword: true,
    grants: [{ role: 'admin' }],
    disabledAt: null,
  });
  await refused(['user', 'create', 'ada'], 'There is a user ada already', PASSWORD);
  await refused(['user', 'create', 'bob'], 'There is no password on standard input');
  await refused(['user', 'create', 'bob'], 'The password is shorter than 12 characters', 'short');
  expect((await cli(['user', 'create', 'bob', '--password', PASSWORD])).code).not.toBe(0);
});

const MANY_COMMANDS = 240_000;

sampled(
  'users, teams, grants and tokens are made, listed and taken away, and the audit log tells who did all that, and no secret',
  { timeout: MANY_COMMANDS },
  async () => {
    await makeAndTakeAway();
    await expectAudit();
  },
);

async function makeAndTakeAway(): Promise<void> {
  await json(['user', 'create', 'ci', '--no-password']);
  await json(['team', 'create', 'testers', '--reason', 'they test']);
  expect(await json(['team', 'add', 'testers', 'ci'])).toMatchObject({ name: 'testers', members: ['ci'] });
  const grant = ['grant', 'add', 'team/testers', 'qa', '--target', 'fedora-*', '--ref', 'tested'];
  expect(await json(grant)).toMatchObject({ holder: 'team', name: 'testers', role: 'qa', ref: 'tested' });
  await refused(['grant', 'add', 'nobody', 'qa'], 'There is no user nobody');

  const wide = await json<{ token: string }>(['token', 'create', 'ci/jenkins', '--expires', 'never']);
  const narrow = await json<{ id: number; token: string; expiresAt: string }>([
    ...['token', 'create', 'ci/dnf', '--scope', 'viewer,target=fedora-43,ref=tested'],
  ]);
  expect(Date.parse(narrow.expiresAt) / 86_400_000 - Date.now() / 86_400_000).toBeCloseTo(90, 1);
  const on = { target: 'fedora-43', ref: 'tested' };
  expect(may(await ask(`Bearer ${wide.token}`), 'ref.move', on)).toBe(true);
  expect(may(await ask(basic('ci', narrow.token)), 'ref.move', on)).toBe(false);
  await refused(['token', 'create', 'ci/bad', '--scope', 'qa,tarjet=x'], 'is no role with limits');
  await refused(['token', 'create', 'ci/old', '--expires', '2020-01-01'], '--expires: 2020-01-01 is past');
  const worker = ['token', 'create', 'worker/one', '--target', 'fedora-*', '--label', 'x86_64', 'big'];
  const made = await json<{ token: string; worker: unknown }>(worker);
  expect(made).toMatchObject({
    user: null,
    expiresAt: null,
    worker: { targets: ['fedora-*'], labels: ['x86_64', 'big'] },
  });
  expect(await ask(`Bearer ${made.token}`)).toMatchObject({ kind: 'worker' });

  const listed = await cli(['token', 'list']);
  expect(listed.stdout).toMatch(/ci\/dnf +viewer on target fedora-43, ref tested/);
  expect(listed.stdout).toMatch(/worker\/one +work for fedora-\* as x86_64, big +never/);
  for (const secret of [wide.token, narrow.token, made.token]) expect(listed.stdout).not.toContain(secret.slice(4, 20));
  expect(await json(['token', 'revoke', 'worker/one'])).toMatchObject({ name: 'one' });
  await expect(ask(`Bearer ${made.token}`)).rejects.toMatchObject({ code: 'unauthorized' });
  expect(await json<unknown[]>(['token', 'list', 'worker', '--revoked'])).toHaveLength(1);

  const [given] = await json<{ id: number }[]>(['grant', 'list', 'team/testers']);
  await json(['grant', 'remove', String(given?.id)]);
  expect(may(await ask(`Bearer ${wide.token}`), 'ref.move', on)).toBe(false);
  await json(['user', 'disable', 'ci', '--reason', 'left']);
  await expect(ask(`Bearer ${wide.token}`)).rejects.toMatchObject({ code: 'unauthorized' });
  await json(['user', 'enable', 'ci']);
  await json(['user', 'password', 'ci'], 'another long password');
  expect(await ask(basic('ci', 'another long password'))).toMatchObject({ name: 'ci' });
  await json(['team', 'remove', 'testers', 'ci']);
  await json(['team', 'delete', 'testers']);
  await json(['user', 'delete', 'ci']);
  expect(await json<{ name: string }[]>(['user', 'list'])).toMatchObject([{ name: 'ada' }]);
}

async function expectAudit(): Promise<void> {
  interface Entry {
    actor: string;
    action: string;
    subject: string;
    reason: string | null;
    detail: unknown;
  }
  const all = await json<Entry[]>(['audit']);
  expect(all.map(({ action }) => action).reverse()).toEqual([
    ...[
      'create_user',
      'add_grant',
      'create_user',
      'create_team',
      'add_member',
      'add_grant',
      'create_token',
      'create_token',
    ],
    ...['create_token', 'revoke_token', 'remove_grant', 'disable_user', 'enable_user', 'set_password', 'remove_member'],
    ...['delete_team', 'delete_user'],
  ]);
  expect(new Set(all.map(({ actor }) => actor))).toEqual(new Set(['root']));
  expect(await json(['audit', '--subject', 'team/testers', '--action', 'add_grant'])).toMatchObject([
    { detail: { role: 'qa', target: 'fedora-*', ref: 'tested' }, reason: null },
  ]);
  expect(await json<Entry[]>(['audit', '--subject', 'token/'])).toHaveLength(2);
  expect(await json<Entry[]>(['audit', '--subject', 'user/ci', '--limit', '1'])).toMatchObject([
    { action: 'delete_user' },
  ]);
  expect(await json<Entry[]>(['audit', '--since', '1h', '--actor', 'root'])).toHaveLength(all.length);
  expect(await json<Entry[]>(['audit', '--since', '2099-01-01'])).toEqual([]);
  expect(await json<Entry[]>(['audit', '--actor', 'mallory'])).toEqual([]);
  await refused(['audit', '--since', 'yesterday'], '--since: "yesterday" is no date');
  expect(JSON.stringify(all)).not.toMatch(/tlw?_|correct horse|another long|scrypt/);
  expect((await cli(['audit'])).stdout).toMatch(/disable_user +user\/ci +- +left/);
}

/** `trunkline user create NAME` at a terminal of its own, where somebody types. */
async function atTerminal(name: string, answers: readonly [string, string]) {
  const bin = fileURLToPath(new URL('../../bin/trunkline.js', import.meta.url));
  const command = `${process.execPath} ${bin} user create ${name} --config ${join(directory, 'trunkline.yaml')}`;
  const child = spawn('script', ['-qec', command, '/dev/null'], { env: { PATH: process.env.PATH, TERM: 'vt100' } });
  let shown = '';
  const left = ['Password: ', 'again: '].map((question, n) => ({ question, typed: answers[n] ?? '' }));
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
    if (left[0] === undefined || !shown.includes(left[0].question)) return;
    child.stdin.write(left.shift()?.typed);
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, shown };
}

sampled('at a terminal the password is asked for twice and not shown', async () => {
  const typed = await atTerminal('eve', [`${PASSWORD}\r`, `${PASSWORD}\r`]);
  expect(typed).toMatchObject({ code: 0, shown: expect.stringContaining('user eve is made') as string });
  expect(typed.shown).not.toContain('horse');
  expect(await ask(basic('eve', PASSWORD))).toMatchObject({ name: 'eve' });
  expect(await atTerminal('mel', [`${PASSWORD}\r`, 'something else\r'])).toMatchObject({
    code: 1,
    shown: expect.stringContaining('The two passwords differ') as string,
  });
  expect(await atTerminal('mel', [`${PASSWORD}\u0003`, ''])).toMatchObject({ code: 130 });
  await refused(['user', 'show', 'mel'], 'There is no user mel');
});
