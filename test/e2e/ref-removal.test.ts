import { cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { DEB, deploySamples, RPM } from './fixture.ts';
import { AMISS, aptMachine, dnfMachine } from './client-machines.ts';
import { refOf, repositoryOf } from './published.ts';
import { sampled } from '../sampled.ts';

const WHY = ['--reason', 'nobody uses it'];
const TIMEOUT = 240_000;

sampled(
  'a ref is removed with all that leads to it, and whoever follows another one notices nothing',
  async () => {
    const deployment = await deploySamples(['alpha'], {
      formats: 'both',
      settings: { protected_refs: ['released'] },
    });
    const { cli, json, directory } = deployment;
    await json(['run']);
    for (const target of [RPM, DEB])
      for (const name of ['tested', 'released'])
        await json(['ref', 'set', `${target}/${name}`, 'current', '--force', '--reason', 'it passed']);
    const tops = { rpm: repositoryOf(deployment, RPM), deb: repositoryOf(deployment, DEB) };
    const dnf = await dnfMachine(directory, join(tops.rpm, `trunkline-${RPM}-tested.repo`));
    const apt = await aptMachine(directory, [join(tops.deb, `trunkline-${DEB}-tested.sources`)]);
    // dnf says what is amiss, and exits with 0.
    const follow = async () => [
      !AMISS.test((await dnf.dnf('--refresh', 'makecache')).said),
      (await apt.apt('update')).exitCode === 0,
    ];
    expect(await follow()).toEqual([true, true]);
    for (const top of Object.values(tops)) await cp(top, `${top}.before`, { recursive: true, verbatimSymlinks: true });

    for (const target of [RPM, DEB]) {
      const from = await refOf(deployment, target, 'tested');
      expect(await json(['ref', 'remove', `${target}/tested`, ...WHY])).toMatchObject({
        name: 'tested',
        from,
        to: null,
      });
      expect(await json(['ref', 'history', `${target}/tested`])).toMatchObject([
        { from, to: null, reason: 'nobody uses it' },
        { from: null, to: from },
      ]);
    }
    const traces = async (top: string) =>
      (await readdir(top, { recursive: true })).filter((path) =>
        path.split('/').some((name) => name.includes('tested')),
      );
    for (const top of Object.values(tops)) expect(await traces(top)).toEqual([]);
    expect(await follow()).toEqual([false, false]);
    const current = await dnfMachine(directory, join(tops.rpm, `trunkline-${RPM}.repo`));
    expect(await current.dnf('install', 'alpha')).toMatchObject({ exitCode: 0 });
    expect((await cli('ref', 'history', `${RPM}/tested`)).stdout).toContain('removed');

    // As if the command had been killed after the database said so: the next one that writes finishes it.
    for (const top of Object.values(tops)) {
      for (const path of await traces(`${top}.before`))
        if (!path.includes('/')) await cp(join(`${top}.before`, path), join(top, path), { verbatimSymlinks: true });
      expect(await traces(top)).not.toEqual([]);
    }
    await cp(join(`${tops.deb}.before`, 'refs/tested'), join(tops.deb, 'refs/tested'), {
      ...{ recursive: true, verbatimSymlinks: true },
    });
    await json(['run']);
    for (const top of Object.values(tops)) expect(await traces(top)).toEqual([]);

    // Undone, it is there as it was.
    for (const target of [RPM, DEB]) await json(['ref', 'undo', `${target}/tested`, '--reason', 'somebody does']);
    expect(await follow()).toEqual([true, true]);

    const wrong: [string[], string][] = [
      [['ref', 'remove', `${RPM}/tested`], 'A reason is missing'],
      [['ref', 'remove', `${RPM}/released`, ...WHY], '--force'],
      [['ref', 'remove', `${RPM}/current`, '--force', ...WHY], 'cannot be removed'],
      [['ref', 'remove', `${RPM}/consistent`, '--force', ...WHY], 'cannot be removed'],
      [['ref', 'remove', `${RPM}/never`, ...WHY], 'has no ref never'],
      [['ref', 'remove', `${RPM}/../x`, ...WHY], 'is not written as TARGET/NAME'],
      [['ref', 'set', `${RPM}/tested.repo`, 'current', ...WHY], 'cannot be the name of a ref'],
    ];
    for (const [args, message] of wrong)
      expect(await cli(...args), args.join(' ')).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(message) as string,
      });
    expect(await json(['ref', 'remove', `${RPM}/released`, '--force', ...WHY])).toMatchObject({ to: null });
    expect(await json<object[]>(['ref', 'list', RPM])).toHaveLength(3);
  },
  TIMEOUT,
);
