import { MOCK_TARGET, openDeployment } from './deployment.ts';
import { median, quantile, rounded, type Benchmark } from './measurement.ts';
import { cycles, medianTimings } from './phases.ts';
import { addCommits, makeSample } from './samples.ts';

const COMMITS = 5;
const NAME = 'trivial';

/** A trivial commit to an installable repository with real mock, in all, once its roots are cached. */
export const benchmarkMock: Benchmark = async (progress) => {
  const deployment = await openDeployment({ [NAME]: [MOCK_TARGET] }, progress);
  await deployment.prepare(MOCK_TARGET);
  const project = await makeSample(deployment.samples, NAME);
  progress('warming up');
  await deployment.run(1);
  await addCommits(project, 1, COMMITS + 1);
  progress(`${COMMITS} commits with trunkline`);
  const { builds } = await deployment.run(1);
  const times = cycles(builds);
  return [
    {
      name: 'mock',
      ours: median(times),
      peer: null,
      unit: 's',
      peer_name: 'none',
      target: '<= 3 s',
      details: {
        percentile95: rounded(quantile(times, 0.95)),
        builds: times.length,
        phases: medianTimings(builds),
      },
    },
  ];
};
