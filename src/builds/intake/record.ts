import { insertPackages, insertSnapshot, insertUpload, type Upload } from '../../db/index.ts';
import { audit, emit } from '../../events/index.ts';
import type { PackageFile } from '../../model/index.ts';
import type { TrunkContext } from '../context.ts';
import { moveCurrent, publishedPackage, type Placed } from '../publish/index.ts';

/** Records an upload: itself, its packages, the snapshot, the move of `current`, who asked for it, and events, in one transaction. */
export async function recordUpload(
  context: TrunkContext,
  upload: Omit<Upload, 'id' | 'snapshot' | 'createdAt'>,
  placed: Pick<Placed, 'signed' | 'snapshot' | 'parent' | 'packageCount' | 'indexTime'>,
  packages: readonly PackageFile[],
): Promise<Upload> {
  const now = context.now();
  const { target, project, actor, reason } = upload;
  const { snapshot, parent, packageCount, indexTime } = placed;
  return context.db.transaction(async (tx) => {
    const made = await insertUpload(tx, { ...upload, snapshot, createdAt: now });
    const record = { target, hash: snapshot, parentHash: parent, buildId: null, packageCount, indexTime };
    await insertSnapshot(tx, { ...record, createdAt: now });
    const origin = { target, buildId: null, attemptId: null, uploadId: made.id };
    await insertPackages(tx, placed.signed.map(publishedPackage(origin, packages)), now);
    const why = `upload ${String(made.id)} of ${project}${reason === null ? '' : `: ${reason}`}`;
    await moveCurrent(context, tx, { target, snapshot, parent, actor, reason: why }, now);
    await audit(tx, { actor, action: 'upload', subject: `upload/${String(made.id)}`, reason }, now);
    await emit(tx, { kind: 'packages_uploaded', target, project, uploadId: made.id }, now);
    return made;
  });
}
