import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { listBuilds, type BuildFilter, type BuildWithRevision } from '../../db/index.ts';
import { BUILD_RESULTS, BUILD_STATES } from '../../model/index.ts';
import { snapshotPath } from '../answers/builds.ts';
import type { ServerContext } from '../context.ts';
import { visibleTargets } from '../gate.ts';
import { defined } from '../routes/builds.ts';
import { address, filterForm } from './filter.ts';
import type { timelineQuery } from './index.ts';
import { html, page, stateOf, table, when, type Markup } from './layout.ts';

const SHOWN = 100;
/** One list for what are two columns: a build that is over is asked for by its result. */
const STATES = [...BUILD_STATES.filter((state) => state !== 'finished'), ...BUILD_RESULTS];

/** Builds, the last made first: DLRN's report, a page at a time. */
export async function timelinePage(
  { trunk: { db, settings } }: ServerContext,
  request: FastifyRequest,
  chosen: z.output<typeof timelineQuery>,
): Promise<string> {
  const { project, target, state, before } = chosen;
  const targets = visibleTargets(request, 'build.read', settings.targets);
  const found = await listBuilds(db, {
    ...defined({ project, target, before }),
    ...stateFilter(state),
    ...(targets === null ? {} : { targets }),
    limit: SHOWN + 1,
  });
  const shown = found.slice(0, SHOWN);
  const last = shown.at(-1)?.build.id;
  const further = found.length > SHOWN && last !== undefined ? address('/', { ...chosen, before: last }) : null;
  return page(
    'Timeline',
    html`<h1>Timeline</h1>
      ${filterForm('/', targets ?? settings.targets.map(({ name }) => name), { project, target, state }, STATES)}
      ${table(HEADINGS, shown.map(row))} ${shown.length === 0 ? html`<p class="dim">There is no such build.</p>` : null}
      <nav class="pages">
        ${before === undefined ? null : html`<a href=${address('/', { project, target, state })}>Newest</a>`}
        ${further === null ? null : html`<a href=${further} rel="next">Older</a>`}
      </nav>`,
  );
}

const HEADINGS = ['Built', 'Committed', 'Project', 'Target', 'Commit', 'State', 'Repository', 'Log'];

function row({ build, revision }: BuildWithRevision): Markup {
  const { id, project, target, snapshot, finishedAt } = build;
  const { hash, subject, committerTime } = revision.upstream;
  return html`<tr>
    <td class="time">${when(finishedAt)}</td>
    <td class="time">${when(committerTime * 1000)}</td>
    <td><a href=${address('/', { project })}>${project}</a></td>
    <td class="name">${target}</td>
    <td class="subject"><code>${hash.slice(0, 10)}</code> ${subject}</td>
    <td>${stateOf(build)}</td>
    <td>
      ${snapshot === null ? null : html`<a href=${`${snapshotPath(target, snapshot)}${configOf(target)}`} rel="nofollow">client file</a>`}
    </td>
    <td class="name"><a href=${`/builds/${String(id)}`}>build ${id}</a></td>
  </tr>`;

  function configOf(name: string): string {
    return revision.format === 'rpm' ? `trunkline-${name}.repo` : `trunkline-${name}.sources`;
  }
}

function stateFilter(state: string | undefined): Pick<BuildFilter, 'state' | 'result'> {
  const finished = BUILD_RESULTS.find((result) => result === state);
  if (finished !== undefined) return { result: finished };
  const wanted = BUILD_STATES.find((one) => one === state);
  return wanted === undefined ? {} : { state: wanted };
}
