import { setTimeout as pause } from 'node:timers/promises';
import { createClient, type Client } from '../../../src/api/index.ts';
import { TrunklineError } from '../../../src/lib/index.ts';
import { openDeployment, RPM_TARGET } from '../deployment.ts';
import { median, quantile, rounded, type Benchmark } from '../measurement.ts';
import { addCommits, makeSample } from '../samples.ts';
import { startServer } from './serving.ts';

const NAME = 'followed';
const BUILDS = 15;
/** The first builds fetch, and load what a server that waits has not. */
const WARM = 2;
/** So long that one is followed before it is over. */
const SCRIPT = 'sleep 2';
const LONGEST = 120_000;

/** From a claim, as the server records it, to the first words of the build's log in a client that follows it over HTTP. */
export const benchmarkFirstLog: Benchmark = async (progress) => {
  const deployment = await openDeployment({ [NAME]: [RPM_TARGET] }, progress);
  await deployment.prepare(RPM_TARGET);
  const project = await makeSample(deployment.samples, NAME);
  progress('warming up');
  await deployment.run(1);
  await addCommits(project, 2, BUILDS + WARM, SCRIPT);
  const server = await startServer(deployment.config, { args: ['--jobs', '1'] });
  try {
    const client = createClient({ url: server.url });
    const times: number[] = [];
    let last = (await client.get('listBuilds', { limit: 1 })).items[0]?.id ?? 0;
    for (let n = 0; n < BUILDS + WARM; n += 1) {
      progress(`build ${String(n + 1)} of ${String(BUILDS + WARM)}`);
      const { id, milliseconds } = await firstWords(client, last);
      last = id;
      if (n >= WARM) times.push(milliseconds);
    }
    return [
      {
        ...{ name: 'server-first-log', ours: median(times) / 1000, peer: null, unit: 's', peer_name: 'none' },
        target: '<= 0.2 s from claim to first log line in a client',
        details: { percentile95: rounded(quantile(times, 0.95) / 1000), builds: times.length },
      },
    ];
  } finally {
    await server.stop();
  }
};

/** Waits for a build other than `last` to run; answers when the first words of its log were there, in milliseconds after its claim. */
async function firstWords(client: Client, last: number): Promise<{ id: number; milliseconds: number }> {
  const signal = AbortSignal.timeout(LONGEST);
  for (;;) {
    signal.throwIfAborted();
    const { items } = await client.get('listBuilds', { state: 'running', limit: 1 });
    const id = items[0]?.id;
    if (id === undefined || id === last) {
      await pause(5);
      continue;
    }
    const seen = await seenAt(client, id, signal);
    if (seen === null) continue;
    const { startedAt } = await client.get('getAttempt', { build: id, attempt: 1 });
    return { id, milliseconds: seen - Date.parse(startedAt ?? '') };
  }
}

/** When the first words of a build's log came, in milliseconds since the epoch; null where there is no log yet. */
async function seenAt(client: Client, build: number, signal: AbortSignal): Promise<number | null> {
  try {
    for await (const part of client.followLog({ build, attempt: 1 }, signal)) {
      if (part.kind === 'end') break;
      return Date.now();
    }
  } catch (error) {
    if (error instanceof TrunklineError && error.code === 'not_found') return null;
    throw error;
  }
  throw new Error(`build ${String(build)} was over before a word of it was seen`);
}
