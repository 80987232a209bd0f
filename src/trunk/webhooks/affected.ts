import type { ForgeEvent, GitBranch, Project } from '../../model/index.ts';

/** A push, as a forge tells of it. */
export type Push = Extract<ForgeEvent, { kind: 'push' }>;

/** The names of the projects whose upstream or packaging a push may have changed. */
export function affectedProjects(projects: readonly Project[], { repositories, ref }: Push): string[] {
  const pushed = new Set(repositories.map(placeOf).filter((place) => place !== null));
  const hit = ({ url, branch }: GitBranch) => {
    const place = placeOf(url);
    return place !== null && pushed.has(place) && mayBe(ref, branch);
  };
  return projects
    .filter(({ upstream, packaging }) => hit(upstream) || Object.values(packaging).some(hit))
    .map(({ name }) => name);
}

/**
 * Where a repository is, whichever way it is reached: host and path of `https://host/path.git`, `ssh://git@host:22/path`, `git@host:path`, or a path of
 * this machine. Forges do not care for the case of a path, so neither do we: a look too many costs little. null for what is no address.
 */
export function placeOf(url: string): string | null {
  if (url.startsWith('/')) return tidy('', url);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(url)) {
    if (!URL.canParse(url)) return null;
    const { hostname, pathname } = new URL(url);
    return tidy(hostname, pathname);
  }
  const [, host = '', path = ''] = /^(?:[^@/:]+@)?([^@/:]+):(.+)$/.exec(url) ?? [];
  return host === '' ? null : tidy(host, path);
}

function tidy(host: string, path: string): string | null {
  const bare = path.replace(/^\/+|\/+$/g, '').replace(/\.git$/i, '');
  return bare === '' ? null : `${host}/${bare}`.toLowerCase();
}

/** A tag may be what versions are made from; `HEAD` may be any branch. A branch that is missing falls back to another one, which is polled in time. */
function mayBe(ref: string | null, branch: string): boolean {
  const [, pushed] = /^refs\/heads\/(.+)$/s.exec(ref ?? '') ?? [];
  if (ref !== null && pushed === undefined) return ref.startsWith('refs/tags/');
  return pushed === undefined || branch === 'HEAD' || pushed === branch;
}
