import { insertPackages, insertSnapshot, insertUpload, type Upload } from '../../db/index.ts';
import { audit, emit } from '../../events/index.ts';
import type { PackageFile } from '../../model/index.ts';
import type { TrunkContext } from '../context.ts';
import { moveCurrent, publishedPackage, type Placed } from '../publish/index.ts';

/** Records an upload: itself, its packages, the snapshot, the move of `current`, who asked for it, and events, in one transaction. */
export async function recordUpload(
  context: TrunkContext,
  upload: Omit<Upload, 'id' | 'snapshot' | 'createdAt'>,
  { signed, snapshot }: Pick<Placed, 'signed' | 'snapshot'>,
  packages: readonly PackageFile[],
): Promise<Upload> {
  const now = context.now();
  const { target, project, actor, reason } = upload;
  return context.db.transaction(async (tx) => {
    const made = await insertUpload(tx, { ...upload, snapshot: snapshot.hash, createdAt: now });
    await insertSnapshot(tx, { ...snapshot, buildId: null, createdAt: now });
    const origin = { target, buildId: null, attemptId: null, uploadId: made.id };
    await insertPackages(tx, signed.map(publishedPackage(origin, packages)), now);
    const why = `upload ${String(made.id)} of ${project}${reason === null ? '' : `: ${reason}`}`;
    await moveCurrent(context, tx, { snapshot, actor, reason: why }, now);
    await audit(tx, { actor, action: 'upload', subject: `upload/${String(made.id)}`, reason }, now);
    await emit(tx, { kind: 'packages_uploaded', target, project, uploadId: made.id }, now);
    return made;
  });
}
