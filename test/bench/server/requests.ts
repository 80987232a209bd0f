import { encodeCursor } from '../../../src/api/index.ts';
import { PEOPLE } from './fill-access.ts';
import { TREES } from './fill-trees.ts';
import { BEGIN, MINUTE, projectName, succeeds, type Size } from './fill.ts';

/** The first so many builds have a log. */
export const LOGS = 20;

type Requests = Readonly<Record<string, () => string>>;

const some = (count: number) => 1 + Math.floor(Math.random() * Math.max(1, count - 1));
const target = () => (Math.random() < 0.5 ? 'rpms' : 'debs');
const from = (...keys: (string | number)[]) => `cursor=${encodeCursor(keys)}`;
const v1 = (path: string) => `/api/v1${path}`;

/** Every page and list, as people and programs ask for them: from the newest on, by project, target and result, and from the middle. By what the measurement calls them. */
export function requestsOf(size: Size): Requests {
  return {
    ...pages(size),
    ...buildLists(size),
    ...repositoryLists(size),
    ...voteLists(size),
    ...queueLists(size),
    ...ofPeople(),
  };
}

/** What only an administrator reads. */
export const isForAdmin = (path: string) => /^\/api\/v1\/(users|teams|grants|worker-tokens|audit)\b/.test(path);

/** What may have no answer: nothing fits. */
export const mayBeNone = (path: string) => /\/last-(tested|good)\?/.test(path);

function subjects({ projects, builds, snapshots, waiting }: Size) {
  const project = () => projectName(some(projects) - 1);
  const build = () => String(some(builds - waiting));
  /** One for the target `rpms` that succeeded and has a snapshot. */
  const published = (): number => {
    const one = (builds - waiting - some(snapshots)) | 1;
    return succeeds(one, projects) ? one : published();
  };
  return { project, build, published };
}

function pages(size: Size): Requests {
  const { project, build, published } = subjects(size);
  return {
    timeline: () => '/',
    'timeline-of-project': () => `/?project=${project()}`,
    'timeline-of-project-and-target': () => `/?project=${project()}&target=${target()}`,
    'timeline-of-busy-project': () => `/?project=${projectName(0)}&state=failure`,
    'timeline-failures': () => `/?target=${target()}&state=failure`,
    'timeline-cancelled': () => '/?state=cancelled',
    'timeline-waiting': () => '/?state=pending',
    'timeline-middle': () => `/?before=${build()}`,
    summary: () => '/summary',
    'summary-of-target': () => `/summary?target=${target()}`,
    'summary-of-project': () => `/summary?project=${project()}`,
    'summary-middle': () => `/summary?after=${project()}%20rpms`,
    build: () => `/builds/${build()}`,
    'build-published': () => `/builds/${String(published())}`,
    'build-with-log': () => `/builds/${String(some(LOGS))}`,
  };
}

function buildLists(size: Size): Requests {
  const { project, build } = subjects(size);
  const which = () => `project=${project()}&target=${target()}`;
  return {
    projects: () => v1('/projects'),
    'projects-middle': () => v1(`/projects?${from(project())}`),
    project: () => v1(`/projects/${project()}`),
    targets: () => v1('/targets'),
    builds: () => v1('/builds'),
    'builds-200': () => v1('/builds?limit=200'),
    'builds-of-project': () => v1(`/builds?${which()}`),
    'builds-of-project-middle': () => v1(`/builds?project=${project()}&${from(Number(build()))}`),
    'builds-of-busy-project': () => v1(`/builds?project=${projectName(0)}&result=failure&${from(Number(build()))}`),
    'builds-of-project-failed': () => v1(`/builds?${which()}&result=failure`),
    'builds-of-project-waiting': () => v1(`/builds?project=${project()}&state=pending`),
    'builds-of-project-finished': () => v1(`/builds?${which()}&state=finished`),
    'builds-failed': () => v1(`/builds?result=failure&${from(Number(build()))}`),
    'builds-of-target-succeeded': () => v1(`/builds?target=${target()}&result=success&${from(Number(build()))}`),
    'builds-of-target-finished': () => v1(`/builds?target=${target()}&state=finished`),
    'builds-cancelled': () => v1('/builds?state=finished&result=cancelled'),
    'builds-skipped': () => v1(`/builds?target=${target()}&result=skipped`),
    'builds-waiting': () => v1(`/builds?target=${target()}&state=pending`),
    'builds-waiting-middle': () => v1(`/builds?state=pending&${from(size.builds - some(size.waiting))}`),
    'builds-running': () => v1('/builds?state=running'),
    'build-alone': () => v1(`/builds/${build()}`),
    attempts: () => v1(`/builds/${build()}/attempts`),
    attempt: () => v1(`/builds/${build()}/attempts/1`),
    'summary-list': () => v1('/summary'),
    'summary-list-middle': () => v1(`/summary?${from(project(), 'rpms')}`),
    'summary-list-of-project': () => v1(`/summary?project=${project()}`),
    'summary-list-of-target': () => v1(`/summary?target=${target()}`),
  };
}

function repositoryLists(size: Size): Requests {
  const { project, build, published } = subjects(size);
  const of = (path: string) => v1(`/targets/${target()}${path}`);
  /** Refs that point at snapshots with their trees, see `fillRefs`. */
  const ref = () => `promoted-${String(2 + some(TREES - 2))}`;
  return {
    packages: () => v1('/packages'),
    'packages-of-name': () => v1(`/packages?name=${project()}&target=${target()}`),
    'packages-of-busy-name': () => v1(`/packages?name=${projectName(0)}&${from(Number(build()))}`),
    'packages-of-build': () => v1(`/packages?build=${build()}`),
    'packages-of-digest': () => v1(`/packages?sha256=${String(published() * 2).padStart(64, '0')}`),
    'packages-middle': () => v1(`/packages?target=${target()}&${from(Number(build()))}`),
    package: () => v1(`/packages/${build()}`),
    snapshots: () => of('/snapshots'),
    'snapshots-middle': () => of(`/snapshots?${from(BEGIN + Number(build()) * MINUTE, '0')}`),
    'snapshots-gone': () => of('/snapshots?gone=true'),
    snapshot: () => v1(`/targets/rpms/snapshots/${String(published()).padStart(64, '0')}`),
    'snapshot-packages': () => of('/snapshots/current/packages'),
    'snapshot-packages-middle': () => of(`/snapshots/current/packages?${from(project())}`),
    'snapshot-packages-of-ref': () => of(`/snapshots/${ref()}/packages`),
    'snapshot-difference': () => of(`/snapshots/${ref()}/diff?to=current`),
    refs: () => of('/refs'),
    'refs-middle': () => of(`/refs?${from('promoted-5')}`),
    ref: () => of('/refs/current'),
    'ref-history': () => of('/refs/current/history'),
    pins: () => v1('/pins'),
  };
}

function voteLists(size: Size): Requests {
  const { project, published } = subjects(size);
  const of = (path: string) => v1(`/targets/${target()}${path}`);
  return {
    votes: () => of('/votes'),
    'votes-middle': () => of(`/votes?${from(some(size.votes))}`),
    'votes-of-job': () => of('/votes?job=install&result=failure'),
    'votes-in-progress': () => of('/votes?result=in_progress'),
    'votes-of-unknown-job': () => of('/votes?job=none'),
    'votes-of-build': () => v1(`/targets/rpms/votes?build=${String(published())}`),
    'last-tested': () => of('/last-tested?of=build&job=install&result=success'),
    'last-tested-of-project': () => of(`/last-tested?of=build&project=${project()}`),
    'last-good': () => of('/last-good?of=build&jobs=install,upgrade'),
    'last-good-by-few': () => of('/last-good?of=build&jobs=install,unit'),
    promotions: () => of('/promotions'),
    'promotions-of-name': () => of('/promotions?name=promoted-7&standing=true'),
    'promotions-of-build': () => v1(`/targets/rpms/promotions?build=${String(published())}`),
    'promotions-of-snapshot': () => v1(`/targets/rpms/promotions?snapshot=${String(published()).padStart(64, '0')}`),
  };
}

function queueLists(size: Size): Requests {
  const { project, build } = subjects(size);
  return {
    workers: () => v1('/workers'),
    queue: () => v1('/queue'),
    'queue-attempts': () => v1('/queue/attempts'),
    'queue-attempts-of-project': () => v1(`/queue/attempts?project=${project()}`),
    'queue-attempts-of-target': () => v1(`/queue/attempts?target=${target()}`),
    events: () => v1('/events'),
    'events-middle': () => v1(`/events?${from(Number(build()))}`),
    'events-of-kind': () => v1(`/events?kind=build_finished&${from(Number(build()))}`),
    metrics: () => '/metrics',
    openapi: () => v1('/openapi.json'),
  };
}

function ofPeople(): Requests {
  const user = () => `user-${String(some(PEOPLE.users)).padStart(4, '0')}`;
  return {
    users: () => v1('/users'),
    'users-middle': () => v1(`/users?${from(user())}`),
    teams: () => v1('/teams'),
    grants: () => v1('/grants'),
    'tokens-of-user': () => v1(`/users/${user()}/tokens`),
    'worker-tokens': () => v1('/worker-tokens'),
    audit: () => v1('/audit'),
    'audit-middle': () => v1(`/audit?${from(some(PEOPLE.audited))}`),
    'audit-of-actor': () => v1(`/audit?actor=${user()}`),
    'audit-of-action': () => v1('/audit?action=revoke_token'),
    'audit-of-unknown-action': () => v1('/audit?action=nothing'),
    'audit-of-subject': () => v1(`/audit?subject=build/${String(some(PEOPLE.audited))}`),
    'audit-of-refs': () => v1(`/audit?subject=ref/${target()}/`),
    'audit-since': () => v1(`/audit?since=${new Date(BEGIN + some(PEOPLE.audited) * MINUTE).toISOString()}`),
  };
}
