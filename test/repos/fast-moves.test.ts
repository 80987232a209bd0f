import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createDiskStore } from '../../src/drivers/stores/disk/index.ts';
import { openRepository } from '../../src/repos/index.ts';
import { buildDeb, controlOf, deb, scratch } from '../drivers/formats/packages.ts';
import { aptMachine } from '../e2e/client-machines.ts';
import { memoryNodes, publish } from './snapshots.ts';
import { serve } from './web.ts';

test('apt follows a ref that has moved more often than once a second for a while', async () => {
  const directory = await scratch();
  const web = await serve(directory);
  const top = join(directory, 'repo');
  const repository = openRepository({
    ...{
      directory: top,
      target: { name: 'fast', arch: 'amd64' },
      format: deb,
      nodes: memoryNodes(),
      url: `${web.url}/repo`,
    },
    store: createDiskStore({ directory: join(top, 'pool') }),
  });
  const hashes: string[] = [];
  for (const version of ['1', '2']) {
    const files = await deb.identify([await buildDeb(directory, controlOf('hello', version))]);
    await repository.admit(files);
    hashes.push(await publish(repository, files, { time: Math.trunc(Date.now() / 1000) - 100 }));
  }
  for (let move = 0; move < 16; move++) await repository.moveRef('current', hashes[move % 2] ?? '');
  const client = await aptMachine(
    directory,
    ['sources', 'pref'].map((end) => join(top, `trunkline-fast.${end}`)),
  );
  const update = await client.apt('update');
  expect(update.said).not.toMatch(/^(W|E|Err):|not valid/m);
  expect(await client.cache('policy', 'hello')).toContain('Candidate: 2\n');
  await web.close();
  await rm(directory, { recursive: true });
});
