import type { CollectionResource } from '../../api/index.ts';
import type { Collected } from './collect.ts';

/** What a collection came to, as the API and `trunkline gc --json` say it. */
export function showCollection({
  targets,
  caches,
}: {
  targets: readonly Collected[];
  caches: readonly string[];
}): Pick<CollectionResource, 'targets' | 'caches'> {
  return {
    targets: targets.map(({ removed, announced, withdrawn, waiting, ...one }) => ({
      ...one,
      removed: listed(removed),
      announced: {
        ...listed(announced),
        goesAt: new Date(announced.goesAt).toISOString(),
        told: [...announced.told],
      },
      ...{ withdrawn: [...withdrawn], waiting: [...waiting] },
    })),
    caches: [...caches],
  };
}

function listed({ snapshots, packages, size }: Collected['removed']) {
  return { snapshots: [...snapshots], packages: [...packages], size };
}
