import { expect } from 'vitest';
import { addSample, deploySamples, only, RPM } from './fixture.ts';
import { refOf, standingsOf } from './published.ts';
import { rpmPackaging } from './samples.ts';
import type { BuildView, PlaceView, RunView } from './views.ts';
import { sampled } from '../sampled.ts';

sampled('current follows each success; consistent waits until no project is broken', async () => {
  const deployment = await deploySamples(['alpha', 'beta']);
  const { json, samples } = deployment;
  const [alpha, beta] = samples;
  await beta?.push('two', 'exit 1');
  await json(['run'], 1);
  // One of the two projects has never been built with success.
  expect(await standingsOf(deployment, RPM)).toEqual(['alpha@1']);
  expect(await refOf(deployment, RPM, 'consistent')).toBeNull();
  await beta?.push('three');
  await json(['run']);
  expect(await standingsOf(deployment, RPM)).toEqual(['alpha@1', 'beta@2']);
  const whole = await refOf(deployment, RPM, 'consistent');
  expect(whole).toBe(await refOf(deployment, RPM, 'current'));
  // While alpha is broken, beta goes on in current, and consistent stays where it was.
  await alpha?.push('two', 'exit 1');
  await beta?.push('four');
  await json(['run'], 1);
  await beta?.push('five');
  await json(['run']);
  expect(await standingsOf(deployment, RPM)).toEqual(['alpha@1', 'beta@4']);
  expect(await refOf(deployment, RPM, 'consistent')).toBe(whole);
  expect(await standingsOf(deployment, RPM, 'consistent')).toEqual(['alpha@1', 'beta@2']);
  await alpha?.push('three');
  await json(['run']);
  expect(await standingsOf(deployment, RPM, 'consistent')).toEqual(['alpha@3', 'beta@4']);
  expect(await refOf(deployment, RPM, 'consistent')).toBe(await refOf(deployment, RPM, 'current'));
});

sampled('a late success of an older commit gets a repository of its own and never moves current back', async () => {
  const deployment = await deploySamples(['alpha']);
  const { json, samples, configure } = deployment;
  const alpha = only(samples);
  const needy = rpmPackaging('alpha', { preamble: 'BuildRequires: /usr/share/thing/content' });
  await alpha.packaging.commit({ message: 'Need the thing', files: needy });
  const failed = await json<RunView>(['run'], 1);
  expect(failed.builds).toMatchObject([{ id: 1, reason: 'deps_unresolvable' }]);
  expect(failed.builds[0]?.detail).toContain('/usr/share/thing/content');
  await alpha.packaging.commit({ message: 'Do without', files: rpmPackaging('alpha') });
  const newest = await alpha.push('two');
  expect((await json<RunView>(['run'])).builds).toMatchObject([{ id: 2, commit: newest, result: 'success' }]);
  // What the older revision lacked comes from elsewhere, later.
  const thing = await addSample(deployment, 'thing');
  await configure({ projects: { alpha: alpha.entry, thing: thing.entry } });
  await json(['run']);
  const before = await refOf(deployment, RPM, 'current');
  expect(await standingsOf(deployment, RPM)).toEqual(['alpha@2', 'thing@1']);
  expect(await json(['recheck', '1', '--reason', 'the thing is there'])).toMatchObject([{ buildId: 1, made: true }]);
  expect((await json<RunView>(['run'])).builds).toMatchObject([{ id: 1, attempt: 2, result: 'success' }]);
  expect(await refOf(deployment, RPM, 'current')).toBe(before);
  expect(await refOf(deployment, RPM, 'consistent')).toBe(before);
  const [late] = (await json<BuildView[]>(['builds'])).filter(({ id }) => id === 1);
  expect(late).toMatchObject({ state: 'finished', result: 'success' });
  expect(late?.snapshot).not.toBe(before);
  expect(await standingsOf(deployment, RPM, `snapshots/${late?.snapshot ?? ''}`)).toEqual(['alpha@1', 'thing@1']);
  const places = await json<PlaceView[]>(['where', late?.upstream.hash ?? '']);
  expect(places).toMatchObject([{ id: 1, refs: [] }]);
  expect(places[0]?.packages.length).toBeGreaterThan(0);
});

sampled('a forced rebuild of the newest success gets a release of its own, above the one before', async () => {
  const deployment = await deploySamples(['alpha']);
  const { json, cli } = deployment;
  await json(['run']);
  const refused = await cli('recheck', 'alpha');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('alpha has no failure to recheck (use --force to build a success again)');
  const names = async () =>
    (await json<{ packages: { fullName: string; kind: string }[] }>(['build', 'show', '1'])).packages
      .filter(({ kind }) => kind === 'binary')
      .map(({ fullName }) => fullName);
  const [first = ''] = await names();
  for (const k of [1, 2]) {
    expect(await json(['recheck', 'alpha', '--force'])).toMatchObject([{ buildId: 1, made: true }]);
    // What was published stays in sight while it is tried again.
    expect(await json<BuildView[]>(['builds'])).toMatchObject([{ state: 'pending', result: 'success' }]);
    await json(['run']);
    const forced = first.replace(/(-\d+\.e2e)/, `$1.r${k}`);
    expect(forced).not.toBe(first);
    const now = await names();
    expect(now, now.join(' ')).toContain(forced);
  }
});
