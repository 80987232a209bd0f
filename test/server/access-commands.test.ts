import { expect } from 'vitest';
import { trunkline } from '../cli/trunkline.ts';
import { serveDeployment, writeConfig } from './serving.ts';
import { sampled } from '../sampled.ts';

const PASSWORD = 'correct horse battery';
/** What differs from one time to the other. */
const OWN = ['id', 'createdAt', 'disabledAt', 'expiresAt', 'revokedAt', 'lastUsedAt', 'token'];

interface Made {
  id: number;
  token: string;
}

sampled('who may do what is changed through the server, and says the same as alone', { timeout: 600_000 }, async () => {
  const { config } = await writeConfig();
  const cli = (args: string[], options: { input?: string; token?: string } = {}) =>
    trunkline(['--config', config, ...args], {
      environment: { USER: 'root', ...(options.token === undefined ? {} : { TRUNKLINE_TOKEN: options.token }) },
      input: options.input ?? '',
    });
  const told = async <T = unknown>(args: string[], options?: { input?: string; token?: string }) => {
    const { code, stdout, stderr } = await cli(['--json', ...args], options);
    expect(code, `${args.join(' ')}: ${stderr}`).toBe(0);
    return JSON.parse(stdout) as T;
  };
  const session = async () => {
    const ada = await told(['user', 'create', 'ada', '--admin', '--reason', 'the first'], { input: PASSWORD });
    const ci = await told(['user', 'create', 'ci', '--no-password']);
    const team = await told(['team', 'create', 'testers']);
    const joined = await told(['team', 'add', 'testers', 'ci']);
    const grant = await told<Made>(['grant', 'add', 'team/testers', 'qa', '--target', 'rpm*', '--ref', 'tested']);
    const token = await told<Made>(['token', 'create', 'ci/dnf', '--scope', 'qa,target=rpms,ref=tested']);
    const worker = await told<Made>(['token', 'create', 'worker/one', '--target', 'rpms', '--label', 'big']);
    return {
      secrets: [token.token, worker.token],
      said: {
        ...{ ada, ci, team, joined, grant, token, worker },
        revoked: await told(['token', 'revoke', 'ci/dnf']),
        ended: await told(['token', 'revoke', String(worker.id), '--reason', 'gone']),
        taken: await told(['grant', 'remove', String(grant.id)]),
        left: await told(['team', 'remove', 'testers', 'ci']),
        removed: await told(['team', 'delete', 'testers']),
        disabled: await told(['user', 'disable', 'ci', '--reason', 'left']),
        enabled: await told(['user', 'enable', 'ci']),
        password: await told(['user', 'password', 'ci'], { input: 'another long password' }),
        deleted: await told(['user', 'delete', 'ci']),
      },
    };
  };
  const plain = (value: object) =>
    JSON.parse(JSON.stringify(value, (key, one: unknown) => (OWN.includes(key) ? typeof one : one))) as Record<
      string,
      unknown
    >;

  const { command } = await serveDeployment(config);
  const { said, secrets } = await session();
  expect(said).toMatchObject({
    ...{ ada: { name: 'ada', hasPassword: true, createdBy: 'root' }, joined: { members: ['ci'] } },
    ...{ grant: { holder: 'team', name: 'testers', role: 'qa', target: 'rpm*', ref: 'tested' } },
    ...{ token: { user: 'ci', scope: [{ role: 'qa', target: 'rpms', ref: 'tested' }] } },
    ...{ worker: { user: null, worker: { targets: ['rpms'], labels: ['big'] } } },
    ...{ revoked: { name: 'dnf', revokedAt: expect.any(String) as string } },
  });
  const audit = await told<{ actor: string; action: string; reason: string | null }[]>(['audit']);
  expect(new Set(audit.map(({ actor }) => actor))).toEqual(new Set(['root']));
  expect(audit.find(({ action }) => action === 'disable_user')).toMatchObject({ reason: 'left' });

  const { token } = await told<Made>(['token', 'create', 'ada/all', '--expires', '1d']);
  const refused = async (why: string, args: string[], options?: { input?: string; token?: string }) => {
    const answer = await cli(args, options);
    expect(answer).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(why) as string });
  };
  await refused('it makes no token and no password', ['token', 'create', 'ada/more'], { token });
  await refused('it makes no token', ['user', 'password', 'ada'], { token, input: 'another long password' });
  await refused('There is a user ada already', ['user', 'create', 'ada', '--no-password']);
  await refused('There is no role "boss"', ['grant', 'add', 'ada', 'boss']);
  await refused('The password is shorter', ['user', 'create', 'tom'], { input: 'short' });
  await refused('body.name', ['user', 'create', 'Tom!', '--no-password']);
  expect(await told(['team', 'create', 'qa'], { token })).toMatchObject({ createdBy: 'ada/all' });
  for (const secret of [...secrets, token, PASSWORD])
    expect(command.output.stderr + command.output.stdout).not.toContain(secret);

  if (process.env.TRUNKLINE_TEST_LONG !== '1') return;
  command.kill('SIGTERM');
  await command.done;
  await told(['user', 'delete', 'ada']);
  expect(plain((await session()).said)).toEqual(plain(said));
});
