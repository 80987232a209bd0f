import { mirrorName } from '../../lib/git/index.ts';
import { may, type Principal } from '../../model/access/index.ts';
import type { Settings } from '../../model/index.ts';

/** Names of the mirrors a worker may read: those of projects that are built for a target of its own. */
export function mirrorsFor(settings: Settings, principal: Principal): Set<string> {
  const theirs = settings.projects.filter(({ targets }) =>
    targets.some((target) => may(principal, 'attempt.work', { target })),
  );
  const urls = theirs.flatMap(({ upstream, packaging }) => [
    upstream.url,
    ...Object.values(packaging).map(({ url }) => url),
  ]);
  return new Set(urls.map(mirrorName));
}
