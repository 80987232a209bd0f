import type { Order } from '../../api/index.ts';
import { mirrorName } from '../../lib/git/index.ts';
import { TrunklineError } from '../../lib/index.ts';
import type { GitBranch, Project } from '../../model/index.ts';
import type { AttemptInProgress } from '../begin.ts';
import type { TrunkContext } from '../context.ts';

/** What a worker is told of an attempt: what the build needs and nothing else, no password among it. */
export function orderOf(context: TrunkContext, progress: AttemptInProgress, leaseMs: number): Order {
  const { attempt, build, revision, project, target, inputs } = progress;
  const packaging = project.packaging[target.format];
  if (packaging === undefined)
    throw new TrunklineError('source_invalid', `${project.name} has no ${target.format} packaging any more`, {
      where: context.settings.file,
      hint: `give it packaging.${target.format}, or take ${target.name} from its targets`,
    });
  const told: Project = {
    ...project,
    upstream: withoutLogin(project.upstream),
    packaging: { [target.format]: withoutLogin(packaging) },
    maintainers: [],
  };
  const mirrors = [project.upstream, packaging].map(({ url }) => [withoutLogin({ url }).url, mirrorName(url)]);
  return {
    ...{ attempt: attempt.id, lease: attempt.lease, build: build.id, number: attempt.number },
    ...{ revision, project: told, target, snapshot: inputs.snapshot },
    mirrors: Object.fromEntries(mirrors) as Record<string, string>,
    sourceSize: context.settings.limits.sourceSize,
    leaseSeconds: leaseMs / 1000,
  };
}

/** The address without name and password; ssh's `git@` is no secret, and part of what the address means. */
function withoutLogin<T extends Pick<GitBranch, 'url'>>(branch: T): T {
  const url = branch.url
    .replace(/^(https?:\/\/)[^/@]*@/i, '$1')
    .replace(/^([a-z][a-z0-9+.-]*:\/\/[^/:@]*):[^/@]*@/i, '$1@');
  return { ...branch, url };
}
