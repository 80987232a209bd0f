import { randomUUID } from 'node:crypto';
import { join, relative } from 'node:path';
import type { CandidateAnswer, ListedPackage, RepositoryParts } from '../../api/index.ts';
import type { LocalRepository } from '../../model/index.ts';
import { indexFiles, type ManifestPackage } from '../../repos/index.ts';
import type { TrunkContext } from '../context.ts';
import { currentSnapshot, makeCandidate, type CheckRequest } from '../verify.ts';
import type { Session } from './session.ts';

/** What the packages of a session are checked and published as. */
export function checkOf({ progress, packages, supplements }: Session): CheckRequest {
  const { target, revision, scratch, logs, signal, timings } = progress;
  return { target, revision, packages: packages ?? [], supplements, scratch, logs, signal, timings };
}

/** The snapshot an attempt is built against, in parts. */
export async function snapshotParts(context: TrunkContext, session: Session): Promise<RepositoryParts> {
  const { target, inputs } = session.progress;
  if (inputs.snapshot === null) return { index: [], packages: [] };
  const repository = context.repository(target);
  const { packages } = await repository.readSnapshot(inputs.snapshot);
  return parts(context, session, repository.local(inputs.snapshot), packages);
}

/** Makes the repository as it will be with the packages in it, and tells how a worker makes it too. @throws TrunklineError `repository_conflict` */
export async function offerCandidate(context: TrunkContext, session: Session): Promise<CandidateAnswer> {
  const { target, inputs } = session.progress;
  const against = await currentSnapshot(context, target);
  const { repository } = await makeCandidate(context, checkOf(session), against);
  const { added } = await context.repository(target).diff(inputs.snapshot, against);
  const id = randomUUID();
  session.candidate = { id, against };
  return {
    next: 'verify',
    candidate: id,
    repository: await parts(context, session, repository, added),
    built: (session.packages ?? []).map(({ sha256, identity }) => ({
      sha256,
      path: `new/${relative(context.repository(target).pool, context.repository(target).pathOf({ sha256, fileName: identity.fileName }))}`,
    })),
  };
}

async function parts(
  context: TrunkContext,
  session: Session,
  { path }: LocalRepository,
  packages: readonly ManifestPackage[],
): Promise<RepositoryParts> {
  const index = await indexFiles(context.formats[session.progress.target.format], path);
  // Where a file is listed by its digest too, that place comes later, and a candidate does not have it.
  for (const file of index.toReversed()) session.files.set(file.sha256, join(path, file.path));
  return { index, packages: packages.filter(({ kind }) => kind === 'binary').map(listed) };
}

function listed({ sha256, fileName, size }: ManifestPackage): ListedPackage {
  return { sha256, fileName, size };
}
