import type { AssembledIndex, IndexFragment } from '../../../model/index.ts';

/** What a package stands in unless its target or its Section says otherwise (Debian Policy 2.4). */
export const MAIN = 'main';

/** The component that a Section names: what stands before its first slash (Debian Policy 2.4); null for one without. */
export function namedComponent(section: string): string | null {
  return /^([^/]+)\//.exec(section)?.[1] ?? null;
}

/**
 * The component that a Section names and a repository of these `components` does not have; null where it can stand there. With one component there is
 * nothing to choose, and everything stands in it.
 */
export function missingComponent(section: string, components: readonly string[]): string | null {
  const named = namedComponent(section);
  return components.length < 2 || named === null || components.includes(named) ? null : named;
}

/** The first component that a package names and a repository of these `components` does not have, or null. */
export function missingComponentOf(fragment: IndexFragment, components: readonly string[]): string | null {
  const missing = sectionsOf(fragment).map((section) => missingComponent(section, components));
  return missing.find((one) => one !== null) ?? null;
}

/**
 * The component in which a package stands. A Section that names none, or one that is not there (as of a package that came before the target had
 * components), means the first. A dsc has no Section: its source stands in the first of `components` that one of its packages stands in, where
 * whoever has that package finds it; a package of contrib or main has a free source, whatever else is built from it (Debian Policy 2.2).
 */
export function componentOf(fragment: IndexFragment, components: readonly string[]): string {
  const places = sectionsOf(fragment).map((section) => components.indexOf(namedComponent(section) ?? ''));
  return components[Math.max(0, Math.min(...places))] ?? MAIN;
}

/** The components of a repository that has these index files, in their order. */
export function componentsOf(indices: readonly Pick<AssembledIndex, 'id'>[]): string[] {
  return [...new Set(indices.map(({ id }) => id.split('/')[0] ?? id))];
}

/** What a package's entry says of its Section: one, or of each binary package that a dsc lists (deb-src-control(5), Package-List). */
function sectionsOf({ Packages, Sources }: IndexFragment): string[] {
  if (Packages !== undefined) return [/^Section: (.*)$/im.exec(Packages)?.[1] ?? ''];
  const list = /^Package-List:\n((?: .*\n)*)/m.exec(Sources ?? '')?.[1] ?? '';
  const sections = list.split('\n').flatMap((line) => line.trim().split(/\s+/)[2] ?? []);
  return sections.length === 0 ? [''] : sections;
}
