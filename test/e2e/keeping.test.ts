import { expect } from 'vitest';
import { DEB, deploySamples, only, RPM } from './fixture.ts';
import { refOf, standingsOf } from './published.ts';
import type { BuildView } from './views.ts';
import { sampled } from '../sampled.ts';

interface MoveView {
  from: string | null;
  to: string;
  actor: string;
  reason: string;
}

interface SnapshotView {
  snapshot: string;
  parent: string | null;
  refs: string[];
  build: BuildView | null;
  holds: string[];
}

interface DiffView {
  changes: {
    change: string;
    project: string;
    name: string;
    kind: string;
    before: string | null;
    after: string | null;
  }[];
  projects: {
    project: string;
    added: { hash: string; subject: string }[];
    removed: { hash: string }[];
    source: string;
  }[];
}

const REASON = ['--reason', 'it is bad'];

sampled('a ref is moved, undone and told of; the next success builds on what current then is', async () => {
  const deployment = await deploySamples(['alpha', 'beta']);
  const { cli, json, samples } = deployment;
  const [alpha, beta] = samples;
  await json(['run']);
  const good = await refOf(deployment, RPM, 'current');
  await alpha?.push('two');
  await json(['run']);
  const bad = await refOf(deployment, RPM, 'current');
  // Undone by hand.
  const refused = await cli('ref', 'undo', `${RPM}/current`, ...REASON);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('--force') as string });
  expect(await refOf(deployment, RPM, 'current')).toBe(bad);
  expect(await json(['ref', 'undo', `${RPM}/current`, '--force', ...REASON])).toMatchObject({ from: bad, to: good });
  expect(await refOf(deployment, RPM, 'current')).toBe(good);
  // beta goes forward, and alpha stays where it was undone to, until it has a newer success.
  await beta?.push('two');
  await json(['run']);
  expect(await standingsOf(deployment, RPM)).toEqual(['alpha@1', 'beta@2']);
  await alpha?.push('three');
  await json(['run']);
  expect(await standingsOf(deployment, RPM)).toEqual(['alpha@3', 'beta@2']);
  const moves = await json<MoveView[]>(['ref', 'history', `${RPM}/current`]);
  expect(moves.map(({ reason }) => reason)).toContain('it is bad');
  expect(moves.at(-1)).toMatchObject({ from: null, actor: 'system' });
  // A ref of one's own.
  await json(['ref', 'set', `${RPM}/tested`, good?.slice(0, 8) ?? '', '--reason', 'it passed']);
  expect(await refOf(deployment, RPM, 'tested')).toBe(good);
  expect(await json(['ref', 'list', RPM])).toMatchObject([
    { name: 'consistent', protected: true },
    { name: 'current', protected: true },
    { name: 'tested', protected: false, snapshot: good },
  ]);
});

sampled('snapshots are listed, shown and compared, with the commits between', async () => {
  const deployment = await deploySamples(['alpha', 'beta']);
  const { cli, json, samples } = deployment;
  const [alpha] = samples;
  await json(['run']);
  const before = await refOf(deployment, RPM, 'current');
  const two = await alpha?.push('two');
  const three = await alpha?.push('three');
  await json(['run', '--head-only']);
  const after = (await refOf(deployment, RPM, 'current')) ?? '';
  const listed = await json<SnapshotView[]>(['snapshot', 'list']);
  expect(listed.map(({ snapshot, refs }) => [snapshot, refs])).toEqual([
    [after, ['consistent', 'current']],
    [before, []],
    [expect.any(String), []],
  ]);
  expect(await json(['snapshot', 'list', RPM, '--before', after.slice(0, 9), '--limit', '1'])).toMatchObject([
    { snapshot: before, build: { project: expect.any(String) as string } },
  ]);
  const shown = await json<SnapshotView & { packages: { project: string }[] }>(['snapshot', 'show', `${RPM}/current`]);
  expect(shown).toMatchObject({ snapshot: after, parent: before, build: { upstream: { hash: three } } });
  expect(new Set(shown.packages.map(({ project }) => project))).toEqual(new Set(['alpha', 'beta']));
  const there = await json<DiffView>(['snapshot', 'diff', `${RPM}/${before ?? ''}`, 'current']);
  expect(new Set(there.changes.map(({ change, project }) => `${project} ${change}`))).toEqual(new Set(['alpha up']));
  expect(only(there.projects)).toMatchObject({ project: 'alpha', source: 'git', removed: [] });
  expect(only(there.projects).added.map(({ hash }) => hash)).toEqual([two, three]);
  const back = await json<DiffView>(['snapshot', 'diff', `${RPM}/current`, `${RPM}/${before ?? ''}`]);
  expect(new Set(back.changes.map(({ change }) => change))).toEqual(new Set(['down']));
  expect(only(back.projects).removed.map(({ hash }) => hash)).toEqual([two, three]);
  expect((await cli('snapshot', 'diff', `${RPM}/current`, 'current')).stderr).toContain('No package changed');

  await json(['hold', 'add', `${RPM}/${(before ?? '').slice(0, 8)}`, '--reason', 'shipped', '--until', '3d']);
  expect(await json(['hold', 'list', RPM])).toMatchObject([{ snapshot: before, reason: 'shipped' }]);
  expect(await json<SnapshotView>(['snapshot', 'show', `${RPM}/${before ?? ''}`])).toMatchObject({
    holds: ['shipped'],
  });
  await json(['hold', 'remove', `${RPM}/${before ?? ''}`]);
  expect(await json(['hold', 'list'])).toEqual([]);

  const wrong: [string[], string][] = [
    [['ref', 'set', 'current', after, ...REASON], 'is not written as TARGET/NAME'],
    [['ref', 'set', 'nowhere/x', after, ...REASON], 'There is no target nowhere'],
    [['ref', 'set', `${RPM}/tested`, after], 'A reason is missing'],
    [['ref', 'set', `${RPM}/tested`, after, '--reason', ' '], 'A reason is missing'],
    [['ref', 'set', `${RPM}/tested`, 'abcdef01', ...REASON], 'There is no snapshot abcdef01'],
    [['ref', 'set', `${RPM}/tested`, after.slice(0, 7), ...REASON], 'no ref and no snapshot called'],
    [['ref', 'set', `${RPM}/..`, after, ...REASON], 'cannot be the name of a ref'],
    [['ref', 'undo', `${RPM}/tested`, ...REASON], 'has no ref tested'],
    [['ref', 'history', `${RPM}/tested`], 'has no ref tested'],
    [['ref', 'list', 'nowhere'], 'There is no target nowhere'],
    [['snapshot', 'list', '--before', after], '--before names a snapshot of one target'],
    [['snapshot', 'list', '--limit', '0'], '--limit must be a whole number'],
    [['snapshot', 'show', `${RPM}/zzzzzzzz`], 'no ref and no snapshot called'],
    [['snapshot', 'diff', `${RPM}/current`, 'debian/x'], 'There is no target debian'],
    [['hold', 'add', `${RPM}/current`, '--reason', 'x', '--until', '2026-02-31'], 'is no date and no length of time'],
    [['hold', 'add', `${RPM}/current`, '--reason', 'x', '--until', '2020-01-01'], 'is past'],
    [['hold', 'add', `${RPM}/current`], 'A reason is missing'],
    [['hold', 'remove', `${RPM}/current`], 'is not held'],
  ];
  for (const [args, message] of wrong)
    expect(await cli(...args), args.join(' ')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining(message) as string,
    });
  expect((await json<MoveView[]>(['ref', 'list', RPM])).length).toBe(2);
});

interface PinView {
  project: string;
  target: string;
  version: string;
  commit: string;
  reason: string;
  until: string | null;
}

sampled('a pinned project stays at its version until it is unpinned, or the date has passed', async () => {
  const deployment = await deploySamples(['alpha', 'beta']);
  const { cli, json, samples } = deployment;
  const [alpha, beta] = samples;
  await json(['run']);
  const [first] = await json<BuildView[]>(['builds', '--project', 'alpha']);
  await alpha?.push('two');
  await json(['run']);
  const commit = first?.upstream.hash ?? '';
  const made = await json<{ pinned: PinView[]; without: string[] }>(['pin', 'alpha', commit.slice(0, 7), ...REASON]);
  const pinned = only(made.pinned);
  expect(pinned).toMatchObject({ project: 'alpha', target: RPM, commit, reason: 'it is bad', until: null });
  expect(await standingsOf(deployment, RPM)).toEqual(['alpha@1', 'beta@1']);
  // Newer successes of the project have repositories of their own; other projects go on.
  await alpha?.push('three');
  await beta?.push('two');
  await json(['run']);
  expect(await standingsOf(deployment, RPM)).toEqual(['alpha@1', 'beta@2']);
  const [newest] = await json<BuildView[]>(['builds', '--project', 'alpha', '--limit', '1']);
  expect(newest).toMatchObject({ result: 'success' });
  const own = await standingsOf(deployment, RPM, `snapshots/${newest?.snapshot ?? ''}`);
  expect(own.some((one) => one === 'alpha@3')).toBe(true);
  expect(await json<PinView[]>(['pins'])).toMatchObject([{ version: pinned.version }]);
  expect(
    (await json<{ project: string; pin: PinView | null }[]>(['status'])).map(({ pin }) => pin?.version ?? null),
  ).toEqual([pinned.version, null]);
  expect((await cli('status')).stdout).toContain(pinned.version);
  // By version now, without its release, and for a while only.
  const version = pinned.version.replace(/-[^-]*$/, '');
  await json(['pin', 'alpha', version, '--until', '2m', ...REASON]);
  expect(only(await json<PinView[]>(['pins']))).toMatchObject({
    version: pinned.version,
    until: expect.any(String) as string,
  });
  await json(['unpin', 'alpha', '--reason', 'it is mended']);
  expect(await standingsOf(deployment, RPM)).toEqual(['alpha@3', 'beta@2']);
  expect(await json(['pins'])).toEqual([]);

  const wrong: [string[], string][] = [
    [['pin', 'gamma', version, ...REASON], 'There is no project gamma'],
    [['pin', 'alpha', version], 'A reason is missing'],
    [['pin', 'alpha', '99.9', ...REASON], 'No success of alpha'],
    [['pin', 'alpha', 'fffffff', ...REASON], 'No success of alpha'],
    [['pin', 'alpha', version, '--target', 'nowhere', ...REASON], 'There is no target nowhere'],
    [['pin', 'alpha', version, '--target', DEB, ...REASON], 'alpha is not built for'],
    [['pin', 'alpha', version, '--until', 'tomorrow', ...REASON], 'is no date and no length of time'],
    [['unpin', 'alpha'], 'alpha is not pinned'],
    [['unpin', 'gamma'], 'There is no project gamma'],
  ];
  for (const [args, message] of wrong)
    expect(await cli(...args), args.join(' ')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining(message) as string,
    });
});
