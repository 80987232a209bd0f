import { existsSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { trunkline } from '../cli/trunkline.ts';
import { deploySamples, RPM } from '../e2e/fixture.ts';
import { serveDeployment } from './serving.ts';
import { sampled } from '../sampled.ts';

const REASON = ['--reason', 'it is needed'];

/** What differs from one time to the other. */
const TIMES = [...['id', 'voteId', 'createdAt', 'movedAt', 'until', 'endedAt', 'votedAt', 'expiresAt', 'promotedAt']];

interface View {
  id: number;
  hash: string;
  snapshot: string;
  result: string;
  project: string;
  upstream: { hash: string };
}

sampled('commands that write have the server do it, and say the same as alone', { timeout: 600_000 }, async () => {
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
    made: await told(['snapshot', 'materialise', `${RPM}/${oldest?.snapshot.slice(0, 12) ?? ''}`]),
    ...(await judged()),
  });
  const judged = async () => {
    const snapshot = `${RPM}/${newest?.snapshot ?? ''}`;
    const vote = ['vote', 'add', String(newest?.id), '--job', 'boot', '--result'];
    const take = ['--take', 'deploy', '--for', '1s'];
    return {
      passed: await told([...vote, 'success', '--notes', 'it boots', '--at', '2026-11-01T12:00:00Z']),
      marked: await told([...vote, 'in-progress', '--url', 'https://ci.example/1', '--for', '2h']),
      snapshot: await told(['vote', 'add', snapshot, '--job', 'boot', '--result', 'success']),
      good: await told(['last-good', RPM, 'boot', '--of', 'build', '--project', 'alpha', 'beta', ...take]),
      tested: await told(['last-tested', RPM, '--job', 'boot', '--max-age', '1w', ...take]),
      promoted: await told(['promote', 'checked', String(newest?.id), '--require', 'boot', ...REASON]),
      standing: await told(['promote', 'checked', snapshot, ...REASON]),
      other: await told(['promote', 'checked', `${RPM}/${oldest?.snapshot ?? ''}`, ...REASON]),
      back: await told(['demote', `${RPM}/checked`, ...REASON]),
      gone: await told(['demote', `${RPM}/checked`, ...REASON]),
    };
  };
  const plain = (value: object) =>
    JSON.parse(JSON.stringify(value, (key, one: unknown) => (TIMES.includes(key) ? typeof one : one))) as Record<
      string,
      unknown
    >;

  const { command } = await serveDeployment(config);
  expect(statSync(holding).mode & 0o777).toBe(0o600);
  const served = await session();
  expect(served).toMatchObject({
    ...{ recheck: [{ buildId: bad, project: 'beta', target: RPM, made: true }], again: [{ made: false }] },
    ...{ cancelled: { buildId: bad, state: 'finished' }, same: null, set: { actor: 'ada', to: newest?.snapshot } },
    ...{ undone: { to: newest?.snapshot }, removed: { to: null }, held: { actor: 'ada', snapshot: newest?.snapshot } },
    ...{ made: { snapshot: oldest?.snapshot, wasThere: true } },
    ...{ passed: { actor: 'ada', counts: true, notes: 'it boots' }, marked: { result: 'in_progress' } },
    ...{ good: { build: { id: newest?.id }, mark: { taken: true } }, tested: { snapshot: newest?.snapshot } },
    ...{ promoted: [{ made: true, build: newest?.id, votes: [{ job: 'boot' }, { job: 'boot' }] }] },
    ...{ standing: [{ made: false }], other: [{ made: true, from: newest?.snapshot }] },
    ...{ back: { promotion: { standing: false }, move: { to: newest?.snapshot } }, gone: { move: { to: null } } },
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
  await refused('never has not said anything', [
    'promote',
    'checked',
    String(newest?.id),
    '--require',
    'never',
    ...REASON,
  ]);
  await refused('is not a name to promote to', ['promote', 'current', String(newest?.id), ...REASON]);
  await refused('There is no build 9999', ['vote', 'add', '9999', '--job', 'boot', '--result', 'success']);
  await refused('No promotion of', ['demote', ref, ...REASON]);
  await refused('eve/x may not', ['promote', 'checked', String(newest?.id), ...REASON], { TRUNKLINE_TOKEN: viewer });
  await refused('A reason is missing', ['ref', 'undo', ref]);
  await refused('without --force', ['ref', 'set', `${RPM}/current`, oldest?.snapshot ?? '', ...REASON]);
  // A command that does not ask the server is refused as before.
  await refused('A Trunkline server holds the data directory', ['run']);
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
