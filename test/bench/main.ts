// `npm run bench [NAME…]`: one JSON object a line on standard output, progress on standard error. Never fails by speed.
import { takeLock } from '../../src/app/lock/index.ts';
import { describeError } from '../../src/lib/index.ts';
import { benchmarkBuildRpm } from './build-rpm.ts';
import { BENCH } from './deployment.ts';
import { measurementLine, type Benchmark } from './measurement.ts';
import { benchmarkMock } from './mock.ts';
import { benchmarkOverhead } from './overhead.ts';
import { benchmarkParallel } from './parallel.ts';
import { benchmarkPublish } from './publish.ts';
import { SERVER_BENCHMARKS } from './server/index.ts';
import { benchmarkVotes } from './votes.ts';

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  'build-rpm': benchmarkBuildRpm,
  overhead: benchmarkOverhead,
  parallel: benchmarkParallel,
  mock: benchmarkMock,
  publish: benchmarkPublish,
  votes: benchmarkVotes,
  ...SERVER_BENCHMARKS,
};

const wanted = process.argv.slice(2);
/** `server` means all of which the names begin with `server-`. */
const means = (word: string, name: string) => name === word || name.startsWith(`${word}-`);
const unknown = wanted.filter((word) => !Object.keys(BENCHMARKS).some((name) => means(word, name)));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}; there are: ${Object.keys(BENCHMARKS).join(', ')}`);
  process.exit(2);
}
// Two at once would measure each other, and work in one directory.
const lock = await takeLock(BENCH).catch((error: unknown) => {
  console.error(describeError(error));
  process.exit(2);
});
for (const [name, benchmark] of Object.entries(BENCHMARKS)) {
  if (wanted.length > 0 && !wanted.some((word) => means(word, name))) continue;
  const progress = (message: string) => {
    console.error(`${name}: ${message}`);
  };
  try {
    for (const measurement of await benchmark(progress)) console.log(measurementLine(measurement));
  } catch (error) {
    process.exitCode = 1;
    progress(describeError(error));
  }
}
await lock.release();
