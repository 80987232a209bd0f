import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDeployment, RPM_TARGET } from './deployment.ts';
import { meanOrNull, median, quantile, rounded, type Benchmark } from './measurement.ts';
import { openPipeline, PIPELINE, type PipelineRun } from './peers/pipeline.ts';
import { cycles, medianTimings } from './phases.ts';
import { addCommits, makeSample } from './samples.ts';

const COMMITS = 20;
const NAME = 'trivial';

/** A trivial commit to an installable repository with the sandbox builder on a prepared root, in all; the shell pipeline before and after it. */
export const benchmarkBuildRpm: Benchmark = async (progress) => {
  const deployment = await openDeployment({ [NAME]: [RPM_TARGET] }, progress);
  await deployment.prepare(RPM_TARGET);
  const project = await makeSample(deployment.samples, NAME);
  const spec = join(deployment.samples, `${NAME}.spec`);
  await writeFile(spec, project.spec);
  const pipeline = await openPipeline(deployment.base.rpm, project, spec);

  progress('warming up');
  const [first = ''] = await addCommits(project, 1, 1);
  await pipeline(first);
  await deployment.run(1);

  // One more than is measured: a build's time runs until the next is begun, so that nothing between two of them is left out.
  const commits = await addCommits(project, 2, COMMITS + 1);
  progress(`${COMMITS} commits with the pipeline, then with trunkline, half of the former before and half after`);
  const peers: PipelineRun[] = [];
  for (const commit of commits.slice(0, COMMITS / 2)) peers.push(await pipeline(commit));
  const { builds, seconds, processorSeconds } = await deployment.run(1);
  for (const commit of commits.slice(COMMITS / 2, COMMITS)) peers.push(await pipeline(commit));

  const ours = cycles(builds);
  const times = peers.map((peer) => peer.seconds);
  const details = {
    percentile95: rounded(quantile(ours, 0.95)),
    peer_percentile95: rounded(quantile(times, 0.95)),
    builds: ours.length,
    run_seconds: rounded(seconds),
    processor_seconds: processorSeconds === null ? null : rounded(processorSeconds / builds.length),
    peer_processor_seconds: meanOrNull(peers.map((peer) => peer.processorSeconds)),
    phases: medianTimings(builds),
  };
  const figures = { ours: median(ours), peer: median(times), unit: 's', peer_name: PIPELINE, target: '<= 1 s' };
  return [{ name: 'build-rpm', ...figures, details }];
};
