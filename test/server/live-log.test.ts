import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createClient, type Client } from '../../src/api/index.ts';
import { openForReading } from '../../src/app/index.ts';
import { loadSettings } from '../../src/app/config/index.ts';
import { anonymous } from '../../src/model/access/index.ts';
import { createServer } from '../../src/server/index.ts';
import { openReceiver } from '../../src/trunk/index.ts';
import { deploySamples, runningBuilds, until } from '../e2e/fixture.ts';

const SLOW =
  'echo first-words; sleep 1; i=0; while [ $i -lt 40 ]; do echo "line-$i äöü"; i=$((i+1)); sleep 0.05; done; echo last-words';

test('a log is followed while its build runs, by several, from where each left off, until it ends', async () => {
  const deployment = await deploySamples(['alpha']);
  await deployment.samples[0]?.push('slow', SLOW);
  const run = deployment.start('run');
  const [build] = await until('the build to run', async () => {
    const running = await runningBuilds(deployment);
    return running.length > 0 && running;
  });
  const client = await besideTheRun(deployment.config);
  const log = { build: build?.id ?? 0, attempt: 1 };
  const signal = AbortSignal.timeout(60_000);

  let early = '';
  let offset = 0;
  for await (const part of client.followLog(log, signal)) {
    if (part.kind === 'end') break;
    early += part.text;
    offset = part.offset;
    if (early.includes('line-3')) break;
  }
  expect((await runningBuilds(deployment)).length, 'the log came while the build ran').toBe(1);
  expect(early).not.toContain('\necho last-words\n');
  let late = '';
  let end: unknown;
  for await (const part of client.followLog({ ...log, from: offset }, signal))
    if (part.kind === 'text') late += part.text;
    else end = part;
  expect(end).toEqual({ kind: 'end', state: 'finished', result: 'success' });
  expect((await run.done).code).toBe(0);
  const { stdout } = await deployment.cli('log', String(log.build));
  expect(early + late).toBe(stdout);
  expect(stdout).toMatch(/line-39 äöü\n[\s\S]*last-words/);
}, 240_000);

/** A server that only reads, in this process, as the run holds the data directory. */
async function besideTheRun(config: string): Promise<Client> {
  const trunk = await openForReading(await loadSettings({ config }));
  const stopping = new AbortController();
  const app = await createServer({
    trunk: trunk.context,
    authenticate: () => Promise.resolve(anonymous()),
    webhooks: openReceiver(trunk.context, []),
    version: '0',
    stopping: stopping.signal,
  });
  onTestFinished(async () => {
    stopping.abort();
    await app.close();
    await trunk.close();
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return createClient({ url: `http://127.0.0.1:${String((app.server.address() as AddressInfo).port)}` });
}
