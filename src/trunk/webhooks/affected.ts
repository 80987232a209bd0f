import type { ForgeEvent, Project } from '../../model/index.ts';

/** A push, as a forge tells of it. */
export type Push = Extract<ForgeEvent, { kind: 'push' }>;

/** The names of the projects whose upstream or packaging a push may have changed. */
export function affectedProjects(projects: readonly Project[], { repositories, ref }: Push): string[] {
  const places = placesOf(projects);
  const found = new Set<string>();
  for (const place of new Set(repositories.map(placeOf)))
    for (const { name, branch } of places.get(place) ?? []) if (mayBe(ref, branch)) found.add(name);
  return projects.filter(({ name }) => found.has(name)).map(({ name }) => name);
}

interface Watched {
  name: string;
  branch: string;
}
const PLACES = new WeakMap<readonly Project[], ReadonlyMap<string | null, readonly Watched[]>>();

/** Who watches which place: read once from a list of projects, which thousands of deliveries ask. */
function placesOf(projects: readonly Project[]): ReadonlyMap<string | null, readonly Watched[]> {
  const known = PLACES.get(projects);
  if (known !== undefined) return known;
  const places = new Map<string | null, Watched[]>();
  for (const { name, upstream, packaging } of projects)
    for (const { url, branch } of [upstream, ...Object.values(packaging)]) {
      const place = placeOf(url);
      if (place !== null) places.set(place, [...(places.get(place) ?? []), { name, branch }]);
    }
  PLACES.set(projects, places);
  return places;
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
