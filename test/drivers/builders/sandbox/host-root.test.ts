import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureBaseRepositories } from '../../../../scripts/base-repositories.ts';
import { openJail } from '../../../../src/lib/jail/index.ts';
import { describeError } from '../../../../src/lib/index.ts';
import type { Builder, Target } from '../../../../src/model/index.ts';
import { BASE, debTarget, freshDirectories, workDirectory } from '../samples.ts';
import { debRepository, stageDeb, type DebSample } from './deb-samples.ts';
import { preparedBuilder } from './prepared.ts';

const never = new AbortController().signal;
const obstacle = await hostRootObstacle();
if (obstacle !== null) console.warn(`Skipped: builds over this machine's own root, because ${obstacle}`);

/** Why this machine's root cannot be one of a jail, or null. */
async function hostRootObstacle(): Promise<string | null> {
  const jail = await openJail({ label: 'obstacle', limits: { memory: 2 ** 28, processes: 50, disk: 2 ** 24 } });
  try {
    await jail.addHostRoot();
    return null;
  } catch (error) {
    return describeError(error);
  } finally {
    await jail.close();
  }
}

describe.skipIf(obstacle !== null)('builds over this machine’s own root', () => {
  let top: string;
  let target: Target;
  let builder: Builder;

  beforeAll(async () => {
    top = await workDirectory('sandbox-host');
    const base = await ensureBaseRepositories(BASE, console.warn);
    target = debTarget(base.deb, { name: 'host-12-amd64', builder: 'sandbox', root: 'host' });
    builder = await preparedBuilder(join(top, 'state'), target);
  }, 400_000);
  afterAll(async () => {
    await rm(top, { recursive: true, force: true });
  });

  const build = async (name: string, sample: DebSample, packages: readonly string[] = []) => {
    const source = await stageDeb(top, name, sample);
    const { output, logs } = await freshDirectories(top, name);
    const repository = packages.length === 0 ? null : await debRepository(join(top, `repository-${name}`), packages);
    const outcome = await builder.build({ target, source, repository, output, logs, signal: never });
    return { ...outcome, log: await readFile(join(logs, 'build.log'), 'utf8').catch(() => '') };
  };

  test('installs requirements above it, builds, and leaves it as it is', async () => {
    const library = await build('libone', {});
    expect(library).toMatchObject({ ok: true });
    const marker = '/usr/share/trunkline-host-root';
    const user = await build(
      'user',
      { buildDepends: 'libone', build: `grep -x libone /usr/share/libone/name; ! touch ${marker}; id` },
      library.files,
    );
    expect(user).toMatchObject({ ok: true });
    expect(user.buildroot).toContain('libone_1.0-1_all');
    expect(user.log).toContain('uid=1000');
    for (const path of [marker, '/usr/share/libone'])
      await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
