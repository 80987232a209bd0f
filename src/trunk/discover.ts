import type { TrunkContext } from '../builds/index.ts';
import { listPairs, readCursor } from '../db/index.ts';
import type { FormatName, Project } from '../model/index.ts';
import { discover, historyOf } from './discovery/index.ts';
import type { Found } from './record.ts';

/**
 * Fetches a project's two repositories and answers what is new in one format.
 * @throws TrunklineError `project_unreachable`, `source_invalid`, `not_found`: this project is held up, no other.
 */
export async function discoverProject(
  context: TrunkContext,
  project: Project,
  format: FormatName,
  options: { since: string | null; signal: AbortSignal },
): Promise<Found> {
  const packaging = project.packaging[format];
  if (packaging === undefined) return { project, format, revisions: [], cursor: null };
  const upstream = await context.mirrors.fetched(project.upstream, options.signal);
  const distgit = await context.mirrors.fetched(packaging, options.signal);
  const name = { project: project.name, format };
  const { upstreamHash, distgitHash } = await readCursor(context.db, name);
  const cursor = upstreamHash === null || distgitHash === null ? null : { upstreamHash, distgitHash };
  const pairs = await listPairs(context.db, name);
  const history = historyOf(pairs.map((pair) => ({ upstream: pair.upstreamHash, distgit: pair.distgitHash })));
  const found = await discover({
    project,
    format,
    mirrors: { upstream, distgit },
    cursor,
    history,
    since: options.since,
  });
  return { project, format, ...found };
}
