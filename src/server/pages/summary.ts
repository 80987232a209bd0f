import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { readStandings, type ProjectStanding } from '../../db/index.ts';
import { may } from '../../model/access/index.ts';
import type { ServerContext } from '../context.ts';
import { visibleTargets } from '../gate.ts';
import { daysSince, firstPairs } from '../routes/summary.ts';
import { address, filterForm } from './filter.ts';
import type { summaryQuery } from './index.ts';
import { html, page, stateOf, table, when, type Markup } from './layout.ts';

const SHOWN = 200;

/** How each project stands on each of its targets. */
export async function summaryPage(
  { trunk: { db, settings, now } }: ServerContext,
  request: FastifyRequest,
  chosen: z.output<typeof summaryQuery>,
): Promise<string> {
  const { project, target, after } = chosen;
  const targets = visibleTargets(request, 'build.read', settings.targets);
  const [afterProject, afterTarget] = after?.split(' ') ?? [];
  const begin =
    afterProject === undefined || afterTarget === undefined ? null : { project: afterProject, target: afterTarget };
  const visible = firstPairs(settings, { project, target, after: begin, limit: SHOWN + 1 }, (one) =>
    may(request.principal, 'build.read', one),
  );
  const pairs = visible.slice(0, SHOWN);
  const standings = await readStandings(db, pairs);
  const last = visible.length > SHOWN ? pairs.at(-1) : undefined;
  const further = last && address('/summary', { project, target, after: `${last.project} ${last.target}` });
  return page(
    'Summary',
    html`<h1>Summary</h1>
      ${filterForm('/summary', targets ?? settings.targets.map(({ name }) => name), chosen, [])}
      ${table(
        HEADINGS,
        standings.map((one) => row(one, now())),
      )}
      ${standings.length === 0 ? html`<p class="dim">There is no such project.</p>` : null}
      <nav class="pages">${further === undefined ? null : html`<a href=${further} rel="next">More</a>`}</nav>`,
  );
}

const HEADINGS = [
  'Project',
  'Target',
  'State',
  'First failure after success',
  'Failed at',
  'Last success',
  'Days since',
  'Waiting',
];

function row(
  { project, target, newest, firstFailure, lastSuccess, pending, running }: ProjectStanding,
  now: number,
): Markup {
  const link = (id: number, text: unknown) => html`<a href=${`/builds/${String(id)}`}>${text}</a>`;
  return html`<tr>
    <td><a href=${address('/', { project, target })}>${project}</a></td>
    <td class="name">${target}</td>
    <td>
      ${newest === null ? html`<span class="dim">never built</span>` : link(newest.build.id, stateOf(newest.build))}
    </td>
    <td class="subject">
      ${
        firstFailure === null
          ? null
          : html`${link(firstFailure.build.id, html`<code>${firstFailure.revision.upstream.hash.slice(0, 10)}</code>`)}
            ${' '}${firstFailure.revision.upstream.subject}`
      }
    </td>
    <td class="time">${when(firstFailure?.build.finishedAt ?? null)}</td>
    <td class="time">
      ${lastSuccess === null ? null : link(lastSuccess.build.id, when(lastSuccess.build.finishedAt))}
    </td>
    <td class="number">${daysSince(lastSuccess?.build.finishedAt, now)}</td>
    <td class="number">${pending + running === 0 ? null : pending + running}</td>
  </tr>`;
}
