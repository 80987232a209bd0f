import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { cursorText, cutPage, decodeCursor, type SummaryResource } from '../../api/index.ts';
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
    const pairs = pairsOf(settings, which)
      .filter((one) => project === undefined || target === undefined || isAfter(one, { project, target }))
      .filter((one) => may(request.principal, 'build.read', one))
      .slice(0, limit + 1);
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

/** What is configured, by project and target. */
export function pairsOf(
  { projects }: Settings,
  { project, target }: { project?: string | undefined; target?: string | undefined },
): Pair[] {
  return projects
    .filter(({ name }) => project === undefined || name === project)
    .flatMap(({ name, targets }) => targets.map((one) => ({ project: name, target: one })))
    .filter((one) => target === undefined || one.target === target)
    .sort((a, b) => (isAfter(a, b) ? 1 : -1));
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
