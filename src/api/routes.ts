import { z } from 'zod';
import { BUILD_RESULTS, BUILD_STATES } from '../model/index.ts';
import { ACCESS_ROUTES } from './access-routes.ts';
import { CHANGE_ROUTES } from './change-routes.ts';
import { pageOf, pageQuery } from './paging.ts';
import { hash, name, number, packageWord, refName, snapshotName } from './resources/fields.ts';
import * as resources from './resources/index.ts';
import { VOTE_ROUTES } from './vote-routes.ts';

/** One thing that can be asked of the API: server, client and documentation are made from these records. */
export interface Route {
  method: 'GET' | 'POST';
  /** Below `/api/v1`, parameters as `:name`. */
  path: string;
  tag: string;
  summary: string;
  params?: z.ZodObject;
  query?: z.ZodObject;
  /** Of a POST. */
  body?: z.ZodObject;
  answer: z.ZodType;
}

export const API_ROOT = '/api/v1';

const only = <T extends Record<string, Route>>(routes: T): T => routes;
const get = <const P extends string>(path: P, tag: string, summary: string) => ({
  method: 'GET' as const,
  ...{ path, tag, summary },
});

const project = z.object({ project: name() });
const target = z.object({ target: name() });
const build = z.object({ build: number() });
const attempt = z.object({ build: number(), attempt: number(1_000_000) });
const ref = z.object({ target: name(), ref: refName() });
const snapshot = z.object({ target: name(), snapshot: snapshotName() });

const paged = z.object(pageQuery);
const which = { project: name().optional(), target: name().optional() };
const states = { state: z.enum(BUILD_STATES).optional(), result: z.enum(BUILD_RESULTS).optional() };
const whichPackages = {
  name: packageWord().optional(),
  target: name().optional(),
  build: number().optional(),
  sha256: hash().optional(),
};
const whichSnapshots = { gone: z.enum(['true', 'false']).optional().meta({ description: 'removed ones too' }) };
const whichEvents = {
  kind: z
    .string()
    .regex(/^[a-z][a-z0-9_.]{0,60}$/)
    .optional(),
};

const of = resources;

/** Every resource. */
export const ROUTES = only({
  ...VOTE_ROUTES,
  ...CHANGE_ROUTES,
  ...ACCESS_ROUTES,
  listProjects: {
    ...get('/projects', 'projects', 'Projects, by name'),
    query: paged,
    answer: pageOf(of.projectSchema),
  },
  getProject: { ...get('/projects/:project', 'projects', 'A project'), params: project, answer: of.projectSchema },
  listTargets: { ...get('/targets', 'targets', 'Targets, by name'), query: paged, answer: pageOf(of.targetSchema) },
  getTarget: { ...get('/targets/:target', 'targets', 'A target'), params: target, answer: of.targetSchema },
  listBuilds: {
    ...get('/builds', 'builds', 'Builds, the last made first'),
    query: z.object({ ...pageQuery, ...which, ...states }),
    answer: pageOf(of.buildSchema),
  },
  getBuild: { ...get('/builds/:build', 'builds', 'A build'), params: build, answer: of.buildSchema },
  listAttempts: {
    ...get('/builds/:build/attempts', 'builds', 'A build’s attempts, the first one first'),
    params: build,
    query: paged,
    answer: pageOf(of.attemptSchema),
  },
  getAttempt: {
    ...get('/builds/:build/attempts/:attempt', 'builds', 'An attempt, with all it was made from'),
    params: attempt,
    answer: of.attemptWithInputsSchema,
  },
  listPackages: {
    ...get('/packages', 'packages', 'Packages, the last published first'),
    query: z.object({ ...pageQuery, ...whichPackages }),
    answer: pageOf(of.packageSchema),
  },
  getPackage: {
    ...get('/packages/:package', 'packages', 'A package'),
    params: z.object({ package: number() }),
    answer: of.packageSchema,
  },
  listSnapshots: {
    ...get('/targets/:target/snapshots', 'snapshots', 'A target’s snapshots, the last made first'),
    params: target,
    query: z.object({ ...pageQuery, ...whichSnapshots }),
    answer: pageOf(of.snapshotSchema),
  },
  getSnapshot: {
    ...get('/targets/:target/snapshots/:snapshot', 'snapshots', 'A snapshot'),
    params: snapshot,
    answer: of.snapshotSchema,
  },
  listSnapshotPackages: {
    ...get('/targets/:target/snapshots/:snapshot/packages', 'snapshots', 'What is in a snapshot, by full name'),
    params: snapshot,
    query: paged,
    answer: pageOf(of.snapshotPackageSchema),
  },
  diffSnapshots: {
    ...get('/targets/:target/snapshots/:snapshot/diff', 'snapshots', 'What changed from a snapshot to another one'),
    params: snapshot,
    query: z.object({ to: snapshotName() }),
    answer: of.snapshotDiffSchema,
  },
  listRefs: {
    ...get('/targets/:target/refs', 'refs', 'A target’s refs, by name'),
    params: target,
    query: paged,
    answer: pageOf(of.refSchema),
  },
  getRef: { ...get('/targets/:target/refs/:ref', 'refs', 'A ref'), params: ref, answer: of.refSchema },
  listRefMoves: {
    ...get('/targets/:target/refs/:ref/history', 'refs', 'How a ref came to where it is, the last move first'),
    params: ref,
    query: paged,
    answer: pageOf(of.refMoveSchema),
  },
  getQueue: { ...get('/queue', 'queue', 'What waits and what runs'), answer: of.queueSchema },
  listQueue: {
    ...get('/queue/attempts', 'queue', 'Attempts that wait, in the order they are taken'),
    query: z.object({ ...pageQuery, ...which }),
    answer: pageOf(of.queuedAttemptSchema),
  },
  listWorkers: {
    ...get('/workers', 'queue', 'Who builds: what it has, when it was heard of last, and what it builds'),
    query: paged,
    answer: pageOf(of.workerSchema),
  },
  listEvents: {
    ...get('/events', 'events', 'What happened, the first event first; `next` is always there, to go on from later'),
    query: z.object({ ...pageQuery, ...whichEvents }),
    answer: pageOf(of.eventSchema),
  },
  listSummaries: {
    ...get('/summary', 'status', 'How each project stands on each of its targets'),
    query: z.object({ ...pageQuery, ...which }),
    answer: pageOf(of.summarySchema),
  },
});

export type Routes = typeof ROUTES;
export type RouteName = keyof Routes;
type Part<R, K extends 'params' | 'query' | 'body'> = R extends Record<K, infer S extends z.ZodType> ? S : never;
/** What a handler gets of a request. */
export type Params<R> = [Part<R, 'params'>] extends [never] ? unknown : z.output<Part<R, 'params'>>;
export type Query<R> = [Part<R, 'query'>] extends [never] ? unknown : z.output<Part<R, 'query'>>;
export type Body<R> = [Part<R, 'body'>] extends [never] ? unknown : z.output<Part<R, 'body'>>;
export type Answer<R extends Route> = z.output<R['answer']>;
