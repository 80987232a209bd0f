import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../../../src/lib/index.ts';
import type { Target } from '../../../../src/model/index.ts';
import { rpmTarget } from '../samples.ts';
import { openRpmWorkshop, type RpmWorkshop } from './rpm-workshop.ts';

const never = new AbortController().signal;

const containing = (text: string): unknown => expect.stringContaining(text);

describe('prepared roots', () => {
  let workshop: RpmWorkshop;

  beforeAll(async () => {
    workshop = await openRpmWorkshop();
  }, 300_000);
  afterAll(() => workshop.close());

  test('a base repository that is gone is trouble of the machine', async () => {
    const away = rpmTarget('/nowhere/at/all').baseRepositories;
    expect((await workshop.builder.check({ ...workshop.target, baseRepositories: away })).missing).toEqual(
      expect.arrayContaining([
        { what: 'the base repository or key /nowhere/at/all', remedy: containing('baseRepositories') },
        { what: 'a prepared root', remedy: `trunkline target prepare ${workshop.target.name}` },
      ]),
    );
    expect((await workshop.builder.check(workshop.target)).missing).toEqual([]);
    const prepare = workshop.builder.prepare(
      { ...workshop.target, baseRepositories: away },
      { refresh: true, report: () => undefined, signal: never },
    );
    await expect(prepare).rejects.toMatchObject({ code: 'target_not_ready', where: '/nowhere/at/all' });
  });

  test('refreshing makes a new root, switches to it, and lets the old one go', async () => {
    const small: Target = { ...workshop.target, name: 'small-12-x86_64', buildPackages: ['basesystem'] };
    const options = { report: () => undefined, signal: never };
    const roots = () => readdir(join(workshop.state, small.name, 'roots'));
    await workshop.builder.prepare(small, { ...options, refresh: false });
    const [first] = await roots();
    await workshop.builder.prepare(small, { ...options, refresh: false });
    expect(await roots()).toEqual([first]);
    await workshop.builder.prepare(small, { ...options, refresh: true });
    const after = await roots();
    expect(after).toHaveLength(1);
    expect(after).not.toEqual([first]);
    expect((await stat(join(workshop.state, small.name, 'current', 'build', 'etc'))).uid).not.toBe(0);

    const unknown = { ...small, buildPackages: ['nothing-has-this'] };
    await expect(workshop.builder.prepare(unknown, { ...options, refresh: false })).rejects.toMatchObject({
      code: 'target_not_ready',
      message: containing("No matching package to install: 'nothing-has-this'"),
    });
    expect(await roots()).toEqual(after);
    await run(['mkdir', join(workshop.state, small.name, 'roots', '.tmp-killed')]);
    const growing = ['layers', 'resolved'].map((name) => join(workshop.state, small.name, 'current', name));
    for (const directory of growing) await run(['mkdir', join(directory, '.tmp-killed')]);
    await workshop.builder.recover();
    expect(await roots()).toEqual(after);
    for (const directory of growing) expect(await readdir(directory)).not.toContain('.tmp-killed');
  });
});
