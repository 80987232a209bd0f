import { DEB_TARGET, openDeployment, RPM_TARGET, type FinishedBuild } from './deployment.ts';
import { median, quantile, rounded, type Benchmark, type Measurement } from './measurement.ts';
import { cycles, medianTimings } from './phases.ts';
import { addCommits, makeSample, type SampleProject } from './samples.ts';

const COMMITS = 20;

/**
 * What a build costs beyond the package's own tools and the time inside dnf or apt: from one claim to the next, less those. `pack` is making the source
 * package, by the same tool that builds it: dpkg-buildpackage and `rpmbuild -ba` do so themselves.
 */
const PACKAGE = ['pack', 'build'];
const MANAGER = ['resolve', 'verify'];

export const benchmarkOverhead: Benchmark = async (progress) => {
  const projects = { rpmsample: [RPM_TARGET], debsample: [DEB_TARGET] };
  const deployment = await openDeployment(projects, progress);
  const samples: SampleProject[] = [];
  for (const [name, [target = '']] of Object.entries(projects)) {
    await deployment.prepare(target);
    samples.push(await makeSample(deployment.samples, name));
  }
  progress('warming up');
  await deployment.run(1);
  const measurements: Measurement[] = [];
  for (const project of samples) {
    progress(`${COMMITS} commits of ${project.name}`);
    await addCommits(project, 1, COMMITS + 1);
    const { builds } = await deployment.run(1);
    measurements.push(measurementOf(project === samples[0] ? 'rpm' : 'deb', builds));
  }
  return measurements;
};

function measurementOf(format: 'rpm' | 'deb', builds: readonly FinishedBuild[]): Measurement {
  const times = cycles(builds);
  const sums = (phases: readonly string[]) =>
    builds.slice(0, -1).map(({ timings }) => phases.reduce((sum, phase) => sum + (timings[phase] ?? 0), 0));
  const [packages, managers] = [sums(PACKAGE), sums(MANAGER)];
  const overheads = times.map((time, n) => time - (packages[n] ?? 0) - (managers[n] ?? 0));
  return {
    name: `overhead-${format}`,
    ours: median(overheads),
    peer: null,
    unit: 's',
    peer_name: 'none: DLRN does not tell its own time from that of mock (almost all of the 64 s that it takes a build)',
    target: '<= 0.3 s',
    details: {
      percentile95: rounded(quantile(overheads, 0.95)),
      [format === 'rpm' ? 'rpmbuild' : 'dpkg-buildpackage']: rounded(median(packages)),
      [format === 'rpm' ? 'dnf' : 'apt']: rounded(median(managers)),
      in_all: rounded(median(times)),
      builds: times.length,
      phases: medianTimings(builds),
    },
  };
}
