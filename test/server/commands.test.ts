import { existsSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { trunkline } from '../cli/trunkline.ts';
import { deploySamples, RPM } from '../e2e/fixture.ts';
import { serveDeployment } from './serving.ts';

const REASON = ['--reason', 'it is needed'];

interface View {
  id: number;
  hash: string;
  snapshot: string;
  result: string;
  project: string;
  upstream: { hash: string };
}

test('commands that write have the server do it, and say the same as alone', { timeout: 300_000 }, async () => {
  const { config, json, samples, directory } = await deploySamples(['alpha', 'beta']);
  await samples[1]?.push('broken', 'exit 1');
  await json(['run'], 1);
  await samples[0]?.push('two');
  await json(['run']);
  const cli = (args: string[], environment: Record<string, string> = {}) =>
    trunkline(['--config', config, ...args], { environment: { USER: 'ada', ...environment } });
  const told = async <T>(args: string[], environment?: Record<string, string>) => {
    const { code, stdout, stderr } = await cli(['--json', ...args], environment);
    expect(code, `${args.join(' ')}: ${stderr}`).toBe(0);
    return JSON.parse(stdout) as T;
  };
  const token = async (name: string, role: string) => {
    await told(['user', 'create', name, '--no-password']);
    await told(['grant', 'add', name, role]);
    return (await told<{ token: string }>(['token', 'create', `${name}/x`])).token;
  };
  const [viewer, manager] = [await token('eve', 'viewer'), await token('max', 'release-manager')];
  const builds = await told<View[]>(['builds']);
  const bad = builds.find(({ result }) => result === 'failure')?.id ?? 0;
  const [newest, oldest] = builds.filter(({ project, result }) => project === 'alpha' && result === 'success');
  const dataDir = join(directory, 'data');
  const holding = join(dataDir, 'server-token');
  const ref = `${RPM}/tested`;
  const session = async () => ({
    recheck: await told(['recheck', 'beta', ...REASON]),
    again: await told(['recheck', String(bad)]),
    cancelled: await told(['cancel', String(bad), ...REASON]),
    set: await told(['ref', 'set', ref, newest?.snapshot ?? '', ...REASON]),
    same: await told(['ref', 'set', ref, 'current', ...REASON]),
    moved: await told(['ref', 'set', ref, oldest?.snapshot.slice(0, 12) ?? '', ...REASON]),
    undone: await told(['ref', 'undo', ref, ...REASON]),
    removed: await told(['ref', 'remove', ref, ...REASON]),
    held: await told(['hold', 'add', `${RPM}/current`, '--until', '2d', ...REASON]),
    released: await told(['hold', 'remove', `${RPM}/current`]),
    pinned: await told(['pin', 'alpha', oldest?.upstream.hash.slice(0, 7) ?? '', ...REASON]),
    unpinned: await told(['unpin', 'alpha']),
  });
  /** Without what differs from one time to the other. */
  const plain = (value: object) =>
    JSON.parse(
      JSON.stringify(value, (key, one: unknown) =>
        ['id', 'createdAt', 'movedAt', 'until', 'endedAt'].includes(key) ? typeof one : one,
      ),
    ) as Record<string, unknown>;

  const { command } = await serveDeployment(config);
  expect(statSync(holding).mode & 0o777).toBe(0o600);
  const served = await session();
  expect(served).toMatchObject({
    ...{ recheck: [{ buildId: bad, project: 'beta', target: RPM, made: true }], again: [{ made: false }] },
    ...{ cancelled: { buildId: bad, state: 'finished' }, same: null, set: { actor: 'ada', to: newest?.snapshot } },
    ...{ undone: { to: newest?.snapshot }, removed: { to: null }, held: { actor: 'ada', snapshot: newest?.snapshot } },
    ...{ pinned: { pinned: [{ project: 'alpha', actor: 'ada' }], without: [] }, unpinned: [{ project: 'alpha' }] },
  });

  // With a token one is its owner, and may what they may.
  const file = join(directory, 'token');
  await writeFile(file, `${manager}\n`);
  expect(await told(['ref', 'set', ref, 'current', ...REASON, '--token-file', file])).toMatchObject({ actor: 'max/x' });
  expect(await told(['recheck', 'beta'], { TRUNKLINE_TOKEN: manager })).toMatchObject([{ made: true }]);
  const refused = async (code: string, args: string[], environment?: Record<string, string>) => {
    const said = await cli(args, environment);
    expect([said.code, said.stderr]).toEqual([1, expect.stringContaining(code)]);
    for (const secret of [viewer, manager]) expect(said.stderr).not.toContain(secret);
  };
  await refused('eve/x may not move and undo refs', ['ref', 'undo', ref, ...REASON], { TRUNKLINE_TOKEN: viewer });
  await refused('--token-file or TRUNKLINE_TOKEN', ['recheck', 'beta'], { TRUNKLINE_TOKEN: `${viewer}x` });
  await refused('cannot be read: ENOENT', ['recheck', 'beta', '--token-file', join(directory, 'none')]);
  await writeFile(file, 'two words');
  await refused('holds no token', ['recheck', 'beta', '--token-file', file], { TRUNKLINE_TOKEN: manager });
  await refused('There is no project gamma', ['recheck', 'gamma']);
  await refused('has no ref nowhere', ['ref', 'undo', `${RPM}/nowhere`, ...REASON]);
  await refused('A reason is missing', ['ref', 'undo', ref]);
  await refused('without --force', ['ref', 'set', `${RPM}/current`, oldest?.snapshot ?? '', ...REASON]);
  // A command that does not ask the server is refused as before.
  await refused('A Trunkline server holds the data directory', ['user', 'create', 'tom', '--no-password']);
  await told(['cancel', String(bad)]);
  await told(['ref', 'remove', ref, ...REASON]);
  const subjects = await told<{ actor: string; action: string }[]>(['audit', '--limit', '40']);
  expect(new Set(subjects.map(({ actor }) => actor))).toEqual(new Set(['ada', 'max/x']));
  expect(command.output.stderr).not.toContain(manager);

  command.kill('SIGTERM');
  await command.done;
  expect(existsSync(holding)).toBe(false);
  const alone = await session();
  expect(plain(alone)).toEqual(plain(served));
});
