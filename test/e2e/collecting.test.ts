import { readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { deploySamples, only, RPM } from './fixture.ts';
import { contentsOf, refOf, repositoryOf, standingsOf } from './published.ts';
import type { BuildView } from './views.ts';
import { sampled } from '../sampled.ts';

interface RemovalView {
  snapshots: string[];
  packages: string[];
}

interface GcView {
  targets: {
    target: string;
    removed: RemovalView;
    announced: RemovalView & { goesAt: string; told: string[] };
    withdrawn: string[];
    waiting: string[];
    kept: number;
  }[];
  caches: string[];
}

interface WhyView {
  kind: string;
  name: string;
  reasons: { keeper: string; why: string }[];
  goesAt: string | null;
  goneAt: string | null;
}

const RULE = ['--older-than', '1s', '--keep-last', '1'];

sampled('what nothing keeps is announced, goes after its time, and leaves everything else as it was', async () => {
  const deployment = await deploySamples(['alpha', 'beta'], {
    settings: { gc: { grace: '1s', keep_last: 1, older_than: '1s' } },
  });
  const { cli, json, samples, dataDir } = deployment;
  const [alpha] = samples;
  await json(['run']);
  const first = (await refOf(deployment, RPM, 'current')) ?? '';
  const old = (await contentsOf(deployment, RPM)).filter(({ project }) => project === 'alpha');
  for (const content of ['two', 'three']) {
    await alpha?.push(content);
    await json(['run']);
  }
  const current = (await refOf(deployment, RPM, 'current')) ?? '';
  const gc = async (...options: string[]) => {
    const { targets } = await json<GcView>(['gc', ...RULE, ...options]);
    return only(targets.filter(({ target }) => target === RPM));
  };
  await pause(1100);
  const foreseen = await gc('--dry-run');
  expect(foreseen.announced.snapshots).toContain(first);
  expect(foreseen.announced.packages).toEqual(expect.arrayContaining(old.map(({ fullName }) => fullName)));
  const said = await gc();
  expect(said).toMatchObject({ removed: { snapshots: [], packages: [] }, kept: 1 });
  expect(said.announced.snapshots).toEqual(foreseen.announced.snapshots);
  const why = (what: string) => json<WhyView[]>(['why-kept', what]);
  expect(await why(`${RPM}/${first.slice(0, 8)}`)).toMatchObject([
    { reasons: [], goesAt: expect.any(String) as string },
  ]);
  // Taken up meanwhile: by a hold, and by a ref.
  await json(['hold', 'add', `${RPM}/${first}`, '--reason', 'shipped']);
  expect(await why(old[0]?.fullName ?? '')).toMatchObject([
    { reasons: [{ keeper: 'holds' }], goesAt: null, goneAt: null },
  ]);
  await pause(1100);
  const second = await gc();
  expect(second.withdrawn).toEqual([first]);
  expect(second.removed.snapshots.length).toBe(said.announced.snapshots.length - 1);
  expect(await standingsOf(deployment, RPM, `snapshots/${first}`)).toEqual(['alpha@1', 'beta@1']);
  await json(['hold', 'remove', `${RPM}/${first}`]);
  expect((await gc()).announced.snapshots).toEqual([first]);
  await pause(1100);
  const third = await gc();
  expect(third.removed.snapshots).toEqual([first]);
  expect(third.removed.packages.sort()).toEqual(old.map(({ fullName }) => fullName).sort());
  // Only what is in current is left: in the pool, as directories, and in the database.
  const top = repositoryOf(deployment, RPM);
  const pool = (await readdir(join(top, 'pool'), { recursive: true })).filter((name) =>
    /^..\/[0-9a-f]{64}$/.test(name),
  );
  const present = await contentsOf(deployment, RPM);
  expect(pool.map((name) => name.slice(3)).sort()).toEqual(present.map(({ sha256 }) => sha256).sort());
  expect(await readdir(join(top, 'snapshots'))).toEqual([current]);
  expect(await standingsOf(deployment, RPM)).toEqual(['alpha@3', 'beta@1']);
  expect(await why(old[0]?.fullName ?? '')).toMatchObject([{ reasons: [], goneAt: expect.any(String) as string }]);
  expect(await json(['snapshot', 'list', RPM, '--gone'])).toHaveLength(1 + said.announced.snapshots.length);
  // The newest success of beta was published in a snapshot that is gone: its directory leads to current. Old ones keep their logs.
  const builds = await json<(BuildView & { directory: string })[]>(['builds']);
  for (const { id, upstream, project } of builds) {
    const [place] = await json<{ id: number; directory: string }[]>(['where', upstream.hash]);
    const directory = join(dataDir, place?.directory ?? '');
    await stat(join(directory, 'build.log'));
    const link = await readlink(join(directory, 'repodata')).catch(() => null);
    const newest = builds.find((one) => one.project === project)?.id === id;
    expect(link === null ? null : link.split('/').at(-2), `build ${String(id)}`).toBe(newest ? current : null);
    if (!newest) expect(await readdir(directory)).not.toContain('pool');
  }
  const refused = await cli('ref', 'set', `${RPM}/tested`, first, '--reason', 'x');
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('was removed on') as string });
  const commit = builds.find(({ sequence, project }) => project === 'alpha' && sequence === 1)?.upstream.hash ?? '';
  expect((await cli('pin', 'alpha', commit.slice(0, 8), '--reason', 'x')).stderr).toContain('were removed on');
  // And it goes on.
  await alpha?.push('four');
  await json(['run']);
  expect(await standingsOf(deployment, RPM)).toEqual(['alpha@4', 'beta@1']);
  const clean = await gc('--now');
  expect(clean).toMatchObject({ kept: 1 });

  const wrong: [string[], string][] = [
    [['gc', '--older-than', 'long'], 'is no length of time'],
    [['gc', '--older-than', '30'], 'is no length of time'],
    [['gc', '--keep-last', '0'], '--keep-last must be a whole number'],
    [['gc', 'nowhere'], 'There is no target nowhere'],
    [['why-kept', 'nothing-1-1.noarch'], 'No package is called'],
    [['why-kept', `${RPM}/abcdef01`], 'There is no snapshot abcdef01'],
    [['why-kept', 'a/b/c'], 'is not written as TARGET/NAME'],
  ];
  for (const [args, message] of wrong)
    expect(await cli(...args), args.join(' ')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining(message) as string,
    });
});
