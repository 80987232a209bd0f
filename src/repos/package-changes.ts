import { comparePackages, versionOfPackage, type FormatName } from '../model/index.ts';
import type { ManifestDiff, ManifestPackage } from './manifest.ts';

/** What became of one package between two snapshots. `changed`: another content under a version that sorts alike. */
export type PackageChange = { project: string; name: string; kind: ManifestPackage['kind']; arch: string } & (
  | { change: 'added'; before: null; after: string }
  | { change: 'removed'; before: string; after: null }
  | { change: 'up' | 'down' | 'changed'; before: string; after: string }
);

/** A difference told by package, by rpm's or dpkg's own order of versions; sorted by project, name, kind and architecture. */
export function packageChanges(format: FormatName, { added, removed }: ManifestDiff): PackageChange[] {
  const keyed = [exactly, roughly].reduce<{ pairs: Pair[]; added: Packages; removed: Packages }>(pairUp, {
    pairs: [],
    added,
    removed,
  });
  const changes: PackageChange[] = [
    ...keyed.pairs.map(({ before, after }) => moved(format, before, after)),
    ...keyed.added.map((one) => ({ ...named(one), change: 'added', before: null, after: version(one) }) as const),
    ...keyed.removed.map((one) => ({ ...named(one), change: 'removed', before: version(one), after: null }) as const),
  ];
  const key = ({ project, name, kind, arch }: PackageChange) => [project, name, kind, arch].join('\0');
  return changes.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));

  function version(one: ManifestPackage): string {
    return versionOfPackage(format, one);
  }
}

type Packages = readonly ManifestPackage[];
interface Pair {
  before: ManifestPackage;
  after: ManifestPackage;
}

const exactly = ({ kind, name, arch }: ManifestPackage) => `${kind} ${name} ${arch}`;
/** A package that became independent of the architecture, or stopped being so, is still the same package. */
const roughly = ({ kind, name }: ManifestPackage) => `${kind} ${name}`;

/** Takes out what stands alone under a key on both sides. */
function pairUp(
  left: { pairs: Pair[]; added: Packages; removed: Packages },
  keyOf: (one: ManifestPackage) => string,
): { pairs: Pair[]; added: Packages; removed: Packages } {
  const young = Map.groupBy(left.added, keyOf);
  const old = Map.groupBy(left.removed, keyOf);
  const pairs = [...young].flatMap(([key, [after, ...others]]) => {
    const [before, ...rest] = old.get(key) ?? [];
    return after === undefined || before === undefined || others.length + rest.length > 0 ? [] : [{ before, after }];
  });
  const paired = new Set(pairs.flatMap(({ before, after }) => [before, after]));
  return {
    pairs: [...left.pairs, ...pairs],
    added: left.added.filter((one) => !paired.has(one)),
    removed: left.removed.filter((one) => !paired.has(one)),
  };
}

function moved(format: FormatName, before: ManifestPackage, after: ManifestPackage): PackageChange {
  const ordering = comparePackages(format, before, after);
  return {
    ...named(after),
    change: ordering === 0 ? 'changed' : ordering < 0 ? 'up' : 'down',
    before: versionOfPackage(format, before),
    after: versionOfPackage(format, after),
  };
}

function named({ project, name, kind, arch }: ManifestPackage) {
  return { project, name, kind, arch };
}
