import type { FinishedBuild } from './deployment.ts';
import { median, rounded } from './measurement.ts';

/** Seconds from one claim to the next, for all builds but the last: so nothing that happens between two builds is left out. For one job at a time. */
export function cycles(builds: readonly FinishedBuild[]): number[] {
  return builds.slice(1).map((next, index) => (next.startedAt - (builds[index]?.startedAt ?? 0)) / 1000);
}

/** Median of each phase's seconds. */
export function medianTimings(builds: readonly FinishedBuild[]): Record<string, number> {
  const names = new Set(builds.flatMap(({ timings }) => Object.keys(timings)));
  const ofPhase = (name: string) => rounded(median(builds.map((build) => build.timings[name] ?? 0)));
  return Object.fromEntries([...names].map((name) => [name, ofPhase(name)]));
}
