import { isConsistent, moveRef, type NewPackage, type Tx } from '../../db/index.ts';
import { emit } from '../../events/index.ts';
import type { PackageFile } from '../../model/index.ts';
import type { TrunkContext } from '../context.ts';
import type { WrittenSnapshot } from './write.ts';

/** A package file as the database keeps it, once it is known where it comes from; what it was before it was signed has the same place in `built`. */
export function publishedPackage(
  origin: Pick<NewPackage, 'target' | 'buildId' | 'attemptId' | 'uploadId'>,
  built: readonly PackageFile[],
) {
  return ({ identity, sha256, size, companions }: PackageFile, place: number): NewPackage => ({
    ...origin,
    name: identity.name,
    fullName: identity.fullName,
    fileName: identity.fileName,
    arch: identity.arch,
    kind: identity.kind,
    sha256,
    unsignedSha256: built[place]?.sha256 ?? sha256,
    size,
    companions: companions.map(({ fileName, sha256: digest, size: bytes }) => ({
      fileName,
      sha256: digest,
      size: bytes,
    })),
  });
}

/** `current` follows what was published last; `consistent` goes with it when nothing of the target is broken (DLRN's meaning). */
export async function moveCurrent(
  context: TrunkContext,
  tx: Tx,
  to: { snapshot: WrittenSnapshot; actor: string; reason: string },
  now: number,
): Promise<void> {
  const { actor, reason } = to;
  const { target, hash, parentHash } = to.snapshot;
  const move = async (name: string, from?: string | null) => {
    const order = { target, name, to: hash, actor, reason, now };
    const moved = await moveRef(tx, from === undefined ? order : { ...order, from });
    if (moved !== null) await emit(tx, { kind: 'ref_moved', target, name, from: moved.fromHash, to: hash, actor }, now);
  };
  await move('current', parentHash);
  const projects = context.settings.projects.filter((one) => one.targets.includes(target)).map(({ name }) => name);
  if (await isConsistent(tx, target, projects)) await move('consistent');
}
