import { expect, test, vi } from 'vitest';
import { listAttempts } from '../../src/db/index.ts';
import { addSample, RPM } from '../e2e/fixture.ts';
import { checkRepository } from '../e2e/integrity.ts';
import { upstream } from '../e2e/samples.ts';
import { clockOff } from '../e2e/servers.ts';
import { localClient, serveDeployment } from '../server/serving.ts';
import { openWorkshop } from './deployment.ts';

vi.setConfig({ testTimeout: 300_000 });

test('an hour that the clock of a worker is ahead or behind, or a server’s behind, costs no attempt and nothing that was accepted', async () => {
  // Longer than a lease has left when it is renewed.
  const shop = await openWorkshop(async (deployment) => [
    await addSample(deployment, 'ahead', { first: upstream('one', 'sleep 5') }),
    await addSample(deployment, 'behind', { first: upstream('one', 'sleep 5') }),
  ]);
  const { deployment, db } = shop;
  const { url, command } = await shop.serve();
  const build = async (id: number, by: '+1h' | '-1h') => {
    const worker = await shop.worker('one', url, { env: await clockOff(by) });
    expect(await shop.finished(id), worker.command.output.stdout).toMatchObject({ result: 'success' });
    worker.command.kill('SIGTERM');
    await worker.command.done;
    expect(await listAttempts(db, id)).toMatchObject([{ number: 1, result: 'success', retries: 0 }]);
  };
  await shop.discover('ahead');
  await build(1, '+1h');
  await shop.discover('behind');
  await build(2, '-1h');
  await checkRepository(deployment, RPM);
  command.kill('SIGTERM');
  await command.done;
  // The time of before has not come again for this one.
  const late = await serveDeployment(deployment.config, url.replace('http://', ''), undefined, await clockOff('-1h'));
  const client = await localClient(late.url, deployment.dataDir);
  await client.post('recheckProject', { project: 'ahead' }, { force: true });
  const two = await shop.worker('two', late.url);
  expect(await shop.finished(1), two.command.output.stdout).toMatchObject({ result: 'success' });
  expect(await listAttempts(db, 1)).toMatchObject([{ number: 1 }, { number: 2, result: 'success', retries: 0 }]);
  await checkRepository(deployment, RPM);
});
