import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createTestDatabase } from '../databases.ts';
import { deploySamples, only, RPM } from './fixture.ts';
import type { BuildView, RunView } from './views.ts';

test('the whole line over PostgreSQL: the database is named by its URL, and no SQLite file appears', async () => {
  const database = await createTestDatabase('postgres', { empty: true });
  onTestFinished(() => database.remove());
  const { json, cli, samples, dataDir } = await deploySamples(['alpha'], { settings: { database: database.url } });
  const alpha = only(samples);
  expect((await json<RunView>(['run'])).builds).toMatchObject([{ result: 'success' }]);
  await alpha.push('two', 'exit 3');
  const mended = await alpha.push('three');
  expect((await json<RunView>(['run'], 1)).builds.map(({ result }) => result)).toEqual(['failure', 'success']);
  const [newest] = await json<BuildView[]>(['builds']);
  expect(newest).toMatchObject({ project: 'alpha', target: RPM, upstream: { hash: mended }, result: 'success' });
  expect((await cli('status')).stdout).toMatch(/alpha +\S+ +success/);
  await expect(access(join(dataDir, 'trunkline.sqlite'))).rejects.toThrow('ENOENT');
});
