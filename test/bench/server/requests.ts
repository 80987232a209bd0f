import { encodeCursor } from '../../../src/api/index.ts';
import { projectName, type Size } from './fill.ts';

/** Every page and list, as people and programs ask for them: from the newest on, by project, target and result, and from the middle. By what the measurement calls them. */
export function requestsOf({ projects, builds, snapshots, waiting }: Size): Readonly<Record<string, () => string>> {
  const some = (count: number) => 1 + Math.floor(Math.random() * Math.max(1, count - 1));
  const project = () => projectName(some(projects) - 1);
  const target = () => (Math.random() < 0.5 ? 'rpms' : 'debs');
  const build = () => String(some(builds - waiting));
  /** One that succeeded and has a snapshot, see fill.ts. */
  const rpmBuild = () => String((Math.floor((builds - waiting) / 16) - some(snapshots / 16)) * 16 + 1);
  const from = (...keys: (string | number)[]) => `cursor=${encodeCursor(keys)}`;
  const v1 = (path: string) => `/api/v1${path}`;
  return {
    timeline: () => '/',
    'timeline-of-project': () => `/?project=${project()}`,
    'timeline-failures': () => `/?target=${target()}&state=failure`,
    'timeline-waiting': () => '/?state=pending',
    'timeline-middle': () => `/?before=${build()}`,
    summary: () => '/summary',
    'summary-of-target': () => `/summary?target=${target()}`,
    'summary-middle': () => `/summary?after=${project()}%20rpms`,
    build: () => `/builds/${build()}`,
    projects: () => v1('/projects'),
    'projects-middle': () => v1(`/projects?${from(project())}`),
    targets: () => v1('/targets'),
    builds: () => v1('/builds'),
    'builds-of-project': () => v1(`/builds?project=${project()}&target=${target()}`),
    'builds-failed': () => v1(`/builds?result=failure&${from(Number(build()))}`),
    'builds-waiting': () => v1(`/builds?target=${target()}&state=pending`),
    'builds-of-project-waiting': () => v1(`/builds?project=${project()}&state=pending`),
    'builds-running': () => v1('/builds?state=running'),
    attempts: () => v1(`/builds/${build()}/attempts`),
    attempt: () => v1(`/builds/${build()}/attempts/1`),
    packages: () => v1('/packages'),
    'packages-of-name': () => v1(`/packages?name=${project()}&target=${target()}`),
    'packages-of-build': () => v1(`/packages?build=${build()}`),
    'packages-middle': () => v1(`/packages?target=${target()}&${from(Number(build()))}`),
    snapshots: () => v1(`/targets/${target()}/snapshots`),
    'snapshots-middle': () =>
      v1(`/targets/${target()}/snapshots?${from(1_700_000_000_000 + Number(build()) * 60_000, '0')}`),
    'snapshots-gone': () => v1(`/targets/${target()}/snapshots?gone=true`),
    refs: () => v1(`/targets/${target()}/refs`),
    'ref-history': () => v1(`/targets/${target()}/refs/current/history`),
    votes: () => v1(`/targets/${target()}/votes`),
    'votes-of-job': () => v1(`/targets/${target()}/votes?job=install&result=failure`),
    'votes-of-build': () => v1(`/targets/rpms/votes?build=${rpmBuild()}`),
    'last-tested': () => v1(`/targets/${target()}/last-tested?of=build&job=install&result=success`),
    promotions: () => v1(`/targets/${target()}/promotions`),
    pins: () => v1('/pins'),
    workers: () => v1('/workers'),
    queue: () => v1('/queue'),
    'queue-attempts': () => v1('/queue/attempts'),
    'queue-attempts-of-project': () => v1(`/queue/attempts?project=${project()}`),
    events: () => v1('/events'),
    'events-middle': () => v1(`/events?${from(Number(build()))}`),
    'summary-list': () => v1('/summary'),
    'summary-of-project': () => v1(`/summary?project=${project()}`),
  };
}
