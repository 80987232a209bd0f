import { openDeployment, RPM_TARGET } from './deployment.ts';
import { median, rounded, type Benchmark } from './measurement.ts';
import { medianTimings } from './phases.ts';
import { addCommits, makeSample } from './samples.ts';

const COMMITS = 20;
const JOBS = 2;
const NAME = 'longish';
/** Seconds of processor time that each build burns. `TRUNKLINE_BENCH_SECONDS` makes a quick look of it, in which what lies around the builds weighs more. */
const SECONDS = Number(process.env.TRUNKLINE_BENCH_SECONDS ?? 10);

/** A busy loop until the shell says that it has used that much processor time (`0m10.01s 0m0.02s`). */
const BURN = `
used=0
while [ $used -lt ${SECONDS} ]; do
  i=0
  while [ $i -lt 100000 ]; do i=$((i + 1)); done
  times >used
  read -r user rest <used
  seconds=\${user#*m}
  used=$((\${user%%m*} * 60 + \${seconds%%.*}))
done`;

/** Twenty commits of one project, each of which takes long to build, two at a time: the share of both processors that the packages' own builds get. */
export const benchmarkParallel: Benchmark = async (progress) => {
  const deployment = await openDeployment({ [NAME]: [RPM_TARGET] }, progress);
  await deployment.prepare(RPM_TARGET);
  const project = await makeSample(deployment.samples, NAME);
  progress('warming up');
  await deployment.run(1);
  await addCommits(project, 1, COMMITS, BURN);
  progress(`${COMMITS} commits that build for ${SECONDS} s of processor time each, ${JOBS} at a time`);
  const { builds, seconds, processorSeconds } = await deployment.run(JOBS);
  const burnt = builds.length * SECONDS;
  const slots = builds.reduce((sum, { timings }) => sum + (timings.build ?? 0), 0);
  return [
    {
      name: 'parallel',
      ours: burnt / (JOBS * seconds),
      peer: null,
      unit: 'share of both processors',
      peer_name: 'none: DLRN builds the commits of one project one after the other',
      target: '>= 0.9',
      details: {
        builds: builds.length,
        seconds_each: SECONDS,
        run_seconds: rounded(seconds),
        // What is left of the processors to others: on a machine that has other work, the share of the time that builds were running says more.
        share_of_jobs_time: rounded(slots / (JOBS * seconds)),
        processor_seconds_besides: processorSeconds === null ? null : rounded(processorSeconds - burnt),
        phases: medianTimings(builds),
        longest_total: rounded(Math.max(...builds.map(({ timings }) => timings.total ?? 0))),
        median_total: rounded(median(builds.map(({ timings }) => timings.total ?? 0))),
      },
    },
  ];
};
