import type {
  HoldResource,
  RefMoveResource,
  RefResource,
  SnapshotPackageResource,
  SnapshotResource,
} from '../../api/index.ts';
import type { Hold, Ref, RefMove } from '../../db/index.ts';
import { may, type Principal } from '../../model/access/index.ts';
import type { Settings } from '../../model/index.ts';
import { isProtected } from '../../promotion/index.ts';
import type { ManifestPackage } from '../../repos/index.ts';
import type { ListedSnapshot } from '../../trunk/index.ts';
import { buildAnswer, snapshotPath } from './builds.ts';
import { iso, isoOrNull } from './times.ts';

/** A snapshot, with those of its refs that whoever asks may read. */
export function snapshotAnswer(snapshot: ListedSnapshot, principal: Principal): SnapshotResource {
  const { target, hash, parentHash, packageCount, holds, build } = snapshot;
  const refs = snapshot.refs.filter((ref) => may(principal, 'repository.read', { target, ref }));
  return {
    ...{ target, snapshot: hash, parent: parentHash, packageCount, refs, holds: [...holds] },
    createdAt: iso(snapshot.createdAt),
    goesAt: isoOrNull(snapshot.goesAt),
    goneAt: isoOrNull(snapshot.goneAt),
    build: build && buildAnswer(build),
    repository: snapshotPath(target, hash),
  };
}

export function snapshotPackageAnswer(one: ManifestPackage): SnapshotPackageResource {
  const { project, fullName, name, kind, arch, fileName, sha256, size } = one;
  return { project, fullName, name, kind, arch, fileName, sha256, size };
}

export function refAnswer(settings: Settings, { target, name, snapshotHash, movedAt }: Ref): RefResource {
  return {
    ...{ target, name, snapshot: snapshotHash, movedAt: iso(movedAt), protected: isProtected(settings, name) },
    repository: `/repos/${target}/${name}/`,
  };
}

export function refMoveAnswer({
  id,
  target,
  name,
  fromHash,
  toHash,
  actor,
  reason,
  movedAt,
}: RefMove): RefMoveResource {
  return { id, target, name, from: fromHash, to: toHash, actor, reason, movedAt: iso(movedAt) };
}

export function holdAnswer({ id, target, reason, actor, snapshotHash: snapshot, ...hold }: Hold): HoldResource {
  const { createdAt, until, endedAt } = hold;
  return {
    ...{ id, target, reason, actor, snapshot },
    createdAt: iso(createdAt),
    until: isoOrNull(until),
    endedAt: isoOrNull(endedAt),
  };
}
