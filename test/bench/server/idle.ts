import { setTimeout as pause } from 'node:timers/promises';
import { median, rounded, type Benchmark } from '../measurement.ts';
import { makeDeployment, memoryOf, startServer } from './serving.ts';

const STARTS = 9;
/** Milliseconds after which a server that has nothing to do is looked at. */
const IDLE = 5000;
const PROJECTS = 20;
const MEGABYTE = 1e6;

/** What a server costs that has nothing to do: memory, and how long it takes to start. The first start, which compiles, is not counted but shown. */
export const benchmarkIdle: Benchmark = async (progress) => {
  const project = (n: number) => [`project-${String(n)}`, { targets: ['rpms', 'debs'] }];
  const { config } = await makeDeployment('idle', {
    defaults: {
      upstream: { url: 'https://git.invalid/%(name)s', branch: 'main' },
      packaging: Object.fromEntries(
        ['rpm', 'deb'].map((format) => [format, { url: `https://git.invalid/${format}/%(name)s`, branch: 'main' }]),
      ),
    },
    projects: Object.fromEntries(Array.from({ length: PROJECTS }, (_, n) => project(n))),
  });
  const starts: number[] = [];
  const resident: number[] = [];
  const anonymous: number[] = [];
  for (let n = 0; n <= STARTS; n += 1) {
    progress(`start ${String(n)} of ${String(STARTS)}`);
    const server = await startServer(config, { args: ['--no-poll'] });
    starts.push(server.readyAfter);
    // Memory after a while differs little from one start to the next.
    if (n % 3 === 1) {
      await pause(IDLE);
      const memory = await memoryOf(server.pid);
      resident.push(memory.resident / MEGABYTE);
      anonymous.push(memory.anonymous / MEGABYTE);
    }
    await server.stop();
  }
  const [first = NaN, ...later] = starts;
  const none = { peer: null, peer_name: 'none' };
  return [
    {
      ...{ name: 'server-idle-memory', ours: median(resident), unit: 'MB', ...none, target: '<= 120 MB resident' },
      details: { anonymous: rounded(median(anonymous)), projects: PROJECTS, database: 'sqlite' },
    },
    {
      ...{ name: 'server-start', ours: median(later), unit: 's', ...none, target: '<= 0.5 s to readyz' },
      details: { fastest: rounded(Math.min(...later)), slowest: rounded(Math.max(...later)), first: rounded(first) },
    },
  ];
};
