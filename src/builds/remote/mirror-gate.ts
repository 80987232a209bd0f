import { mirrorName } from '../../lib/git/index.ts';
import { may, type Principal } from '../../model/access/index.ts';
import type { Settings } from '../../model/index.ts';

/** Says whether a worker may read a mirror, by its name: those of projects that are built for a target of its own. */
export function mirrorGate({ projects }: Settings): (principal: Principal, mirror: string) => boolean {
  const targets = new Map<string, Set<string>>();
  for (const project of projects)
    for (const { url } of [project.upstream, ...Object.values(project.packaging)]) {
      const name = mirrorName(url);
      targets.set(name, new Set([...(targets.get(name) ?? []), ...project.targets]));
    }
  return (principal, mirror) =>
    [...(targets.get(mirror) ?? [])].some((target) => may(principal, 'attempt.work', { target }));
}
