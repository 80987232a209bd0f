import { MOCK_TARGET, openDeployment } from './deployment.ts';
import { median, quantile, rounded, type Benchmark } from './measurement.ts';
import { openDlrn } from './peers/dlrn.ts';
import { cycles, medianTimings } from './phases.ts';
import { addCommits, makeSample } from './samples.ts';

const COMMITS = 5;
/** DLRN takes a minute for each. */
const PEER_COMMITS = 2;
const NAME = 'trivial';

/** A trivial commit to an installable repository with real mock, in all, once its roots are cached; DLRN, where it is, beside it. */
export const benchmarkMock: Benchmark = async (progress) => {
  const deployment = await openDeployment({ [NAME]: [MOCK_TARGET] }, progress);
  await deployment.prepare(MOCK_TARGET);
  const project = await makeSample(deployment.samples, NAME);
  const dlrn = await openDlrn(deployment.base.rpm, project);
  progress('warming up');
  await deployment.run(1);
  if ('start' in dlrn) await dlrn.start();
  await addCommits(project, 1, PEER_COMMITS);
  if ('start' in dlrn) progress(`${PEER_COMMITS} commits with DLRN`);
  const peer = 'start' in dlrn ? (await dlrn.start()) / PEER_COMMITS : null;
  await addCommits(project, PEER_COMMITS + 1, COMMITS + 1 - PEER_COMMITS);
  progress(`${COMMITS} commits with trunkline`);
  const { builds } = await deployment.run(1);
  const times = cycles(builds);
  return [
    {
      name: 'mock',
      ours: median(times),
      peer,
      unit: 's',
      peer_name:
        'start' in dlrn ? 'DLRN with mock as it configures it' : `DLRN, which cannot be had here: ${dlrn.missing}`,
      target: '<= 3 s',
      details: {
        percentile95: rounded(quantile(times, 0.95)),
        builds: times.length,
        phases: medianTimings(builds),
      },
    },
  ];
};
