import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { cursorText, cutPage, decodeCursor, firstFitting, type SummaryResource } from '../../api/index.ts';
import { readStandings, type BuildWithRevision, type ProjectStanding } from '../../db/index.ts';
import { redact } from '../../lib/index.ts';
import { may } from '../../model/access/index.ts';
import type { Settings } from '../../model/index.ts';
import { isoOrNull } from '../answers/times.ts';
import type { ServerContext } from '../context.ts';
import { serveRoute } from '../serve-route.ts';

const byPair = z.tuple([cursorText(), cursorText()]);
const DAY = 86_400_000;

export function serveSummary(app: FastifyInstance, { trunk }: ServerContext): void {
  const { db, settings } = trunk;
  serveRoute(app, 'listSummaries', 'listed', async ({ query: { limit, cursor, ...which }, request }) => {
    const [project, target] = decodeCursor(byPair, cursor) ?? [];
    const after = project === undefined || target === undefined ? null : { project, target };
    const pairs = firstPairs(settings, { ...which, after, limit: limit + 1 }, (one) =>
      may(request.principal, 'build.read', one),
    );
    const standings = await readStandings(db, pairs);
    const view = (one: ProjectStanding) => summaryAnswer(one, trunk.now());
    return cutPage(standings, limit, { keys: (one) => [one.project, one.target], view });
  });
}

interface Pair {
  project: string;
  target: string;
}

const isAfter = (a: Pair, b: Pair) => a.project > b.project || (a.project === b.project && a.target > b.target);

/** What is configured does not change while a server runs; in order once, not for each page. */
const inOrder = new WeakMap<Settings, readonly Pair[]>();

interface PairFilter {
  project?: string | undefined;
  target?: string | undefined;
  /** Only those behind this one. */
  after: Pair | null;
  limit: number;
}

/** The first of what is configured, by project and target, that whoever asks may see. */
export function firstPairs(settings: Settings, filter: PairFilter, visible: (pair: Pair) => boolean): Pair[] {
  const all =
    inOrder.get(settings) ??
    settings.projects
      .flatMap(({ name, targets }) => targets.map((one) => ({ project: name, target: one })))
      .sort((a, b) => (isAfter(a, b) ? 1 : -1));
  inOrder.set(settings, all);
  const { project, target, after, limit } = filter;
  return firstFitting(all, limit, (one) => {
    if (project !== undefined && one.project !== project) return false;
    if (target !== undefined && one.target !== target) return false;
    return (after === null || isAfter(one, after)) && visible(one);
  });
}

/** Whole days since something happened. */
export function daysSince(at: number | null | undefined, now: number): number | null {
  return at === null || at === undefined ? null : Math.max(0, Math.floor((now - at) / DAY));
}

function summaryAnswer(standing: ProjectStanding, now: number): SummaryResource {
  const { project, target, newest, firstFailure, lastSuccess, pending, running } = standing;
  const built = ({ build, revision }: BuildWithRevision) => ({ build: build.id, commit: revision.upstream });
  return {
    ...{ project, target, pending, running },
    newest: newest && {
      ...built(newest),
      ...{ state: newest.build.state, result: newest.build.result, reason: newest.build.reason },
      distgitCommit: newest.revision.distgit,
    },
    firstFailure: firstFailure && {
      ...built(firstFailure),
      reason: firstFailure.build.reason,
      detail: firstFailure.build.detail === null ? null : redact(firstFailure.build.detail),
      finishedAt: isoOrNull(firstFailure.build.finishedAt),
      distgitCommit: firstFailure.revision.distgit,
    },
    lastSuccess: lastSuccess && {
      ...built(lastSuccess),
      finishedAt: isoOrNull(lastSuccess.build.finishedAt),
      snapshot: lastSuccess.build.snapshot,
    },
    daysSinceLastSuccess: daysSince(lastSuccess?.build.finishedAt, now),
  };
}
