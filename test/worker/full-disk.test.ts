import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { listAttempts, listBuilds } from '../../src/db/index.ts';
import { fill, smallDisk } from '../e2e/disk.ts';
import { addSample, RPM, until, type Sample } from '../e2e/fixture.ts';
import { checkRepository } from '../e2e/integrity.ts';
import { upstream } from '../e2e/samples.ts';
import { openWorkshop } from './deployment.ts';

vi.setConfig({ testTimeout: 400_000 });

// Its retries take a minute.
test.skipIf(process.env.TRUNKLINE_TEST_LONG !== '1')(
  'a worker whose disk is full fails as infra_error, loses nothing that was accepted, and works again when there is room',
  async () => {
    const samples: Sample[] = [];
    const shop = await openWorkshop(async (deployment) => {
      samples.push(
        await addSample(deployment, 'alpha'),
        await addSample(deployment, 'beta', { first: upstream('one', 'echo it-has-begun; sleep 3') }),
      );
      return samples;
    });
    const { deployment, db } = shop;
    const { url } = await shop.serve();
    const disk = await smallDisk(96);
    const one = await shop.worker('one', url, { place: disk });
    await shop.discover('alpha');
    expect(await shop.finished(1), one.command.output.stdout).toMatchObject({ result: 'success' });
    await shop.discover('beta');
    const log = join(deployment.dataDir, 'logs/2/1/build.log');
    await until(
      'the build to have begun',
      async () => (await readFile(log, 'utf8').catch(() => '')).includes('\nit-has-begun'),
      90_000,
    );
    const filling = await fill(disk, 0);
    const [first] = await until(
      'the attempt to fail',
      async () => {
        const attempts = await listAttempts(db, 2);
        return attempts[0]?.state === 'finished' ? attempts : undefined;
      },
      120_000,
    );
    expect(first, one.command.output.stdout).toMatchObject({ result: 'failure', reason: 'infra_error' });
    // What was accepted stays, and so does the worker.
    await checkRepository(deployment, RPM);
    expect((await listBuilds(db, { project: 'alpha' })).map(({ build }) => build.result)).toEqual(['success']);
    await rm(filling);
    expect(await shop.finished(2, 200_000), one.command.output.stdout).toMatchObject({ result: 'success' });
    expect((await listAttempts(db, 2)).filter(({ result }) => result === 'success')).toHaveLength(1);
    await checkRepository(deployment, RPM);
  },
);
