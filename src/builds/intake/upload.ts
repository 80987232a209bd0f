import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { UploadedResource } from '../../api/index.ts';
import type { Upload } from '../../db/index.ts';
import { fileSystemError, TrunklineError } from '../../lib/index.ts';
import type { PackageFile, Target } from '../../model/index.ts';
import { showRefs } from '../../promotion/index.ts';
import { requireTarget, type TrunkContext } from '../context.ts';
import type { Failure } from '../failure.ts';
import { placeSnapshot, type WrittenSnapshot } from '../publish/index.ts';
import { checkInstall, currentSnapshot, type CheckRequest } from '../verify.ts';
import { checkedPackages, ownerOf, refusePinned, refuseRepublished } from './check.ts';
import { gatherFiles } from './gather.ts';
import { recordUpload } from './record.ts';

export interface UploadRequest {
  /** Absolute paths. */
  files: readonly string[];
  target: string;
  /** The owner of the packages in the repository; null: the source package they were built from. */
  project: string | null;
  actor: string;
  reason: string | null;
  signal: AbortSignal;
}

export interface Uploaded {
  /** null when the repository had all of it already. */
  upload: Upload | null;
  project: string;
  packages: readonly PackageFile[];
  /** Full names of packages of the project that are in the repository no more. */
  replaced: readonly string[];
  snapshot: string;
}

/** What came of an upload as it is told, by the command and the API. */
export function describeUploaded(target: string, { upload, packages, ...done }: Uploaded): UploadedResource {
  const listed = packages.map(({ identity: { fullName, name, kind, arch, fileName }, sha256, size }) => ({
    ...{ fullName, name, kind, arch, fileName, sha256, size },
  }));
  const { project, snapshot, replaced } = done;
  return { upload: upload?.id ?? null, target, project, snapshot, packages: listed, replaced: [...replaced] };
}

/** An upload has no place in a project's history: any build of the project comes after it. */
const SEQUENCE = 0;

/**
 * Brings packages built elsewhere into a target's repository: copied, read in the sandbox, checked against their names, installed in a clean root
 * together with what is there, and published in a new snapshot that `current` moves to.
 * @throws TrunklineError `package_invalid`, `repository_conflict`, `install_failed`, `invalid_argument`, `not_found`; nothing has changed then.
 */
export async function uploadPackages(context: TrunkContext, request: UploadRequest): Promise<Uploaded> {
  const { settings } = context;
  const target = requireTarget(settings, request.target);
  const scratch = await makeDirectory(join(settings.localDir, 'scratch'), 'upload-');
  try {
    const format = context.formats[target.format];
    const files = await gatherFiles(format, request.files, join(scratch, 'in'));
    const read = await format.identify(files.map(({ copy }) => copy));
    const packages = checkedPackages(format, files, read);
    if (packages.length === 0)
      throw new TrunklineError('invalid_argument', 'There is no package among the files', {
        hint: 'name at least one package',
      });
    await refuseRepublished(context, target, packages);
    const project = ownerOf(settings, target, packages, request.project);
    await refusePinned(context, target, project);
    const names = files.map(({ original }) => basename(original));
    return await publish(context, request, { target, project, packages, scratch, names });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface Intake {
  target: Target;
  project: string;
  packages: readonly PackageFile[];
  scratch: string;
  /** Of the files as they were given. */
  names: readonly string[];
}

async function publish(context: TrunkContext, request: UploadRequest, intake: Intake): Promise<Uploaded> {
  const { target, project, packages, scratch, names: files } = intake;
  const { actor, reason, signal } = request;
  const logs = await makeDirectory(join(context.settings.dataDir, 'logs/uploads'), `${stamp(context.now())}-`);
  const revision = { project, sequence: SEQUENCE };
  const check: CheckRequest = { target, revision, packages, scratch, logs, signal, timings: {} };
  const passed = await checkInstall(context, check, await currentSnapshot(context, target));
  if (passed.failure !== null) throw refused(passed.failure, logs);
  return context.mutexes.hold(`publish ${target.name}`, async () => {
    const placed = await placeSnapshot(context, { ...check, passed });
    if ('reason' in placed) throw refused(placed, logs);
    const { snapshot, signed } = placed;
    const replaced = await goneFrom(context, target, project, snapshot);
    const result = { project, packages: signed, snapshot: snapshot.hash, replaced };
    if (snapshot.hash === snapshot.parentHash) return { ...result, upload: null };
    const upload = await recordUpload(
      context,
      { target: target.name, project, files, actor, reason, logs },
      placed,
      packages,
    );
    await showRefs(context, target);
    return { ...result, upload };
  });
}

/** Full names of the project's packages that the snapshot before had and this one has not. */
async function goneFrom(
  context: TrunkContext,
  target: Target,
  project: string,
  { hash, parentHash }: WrittenSnapshot,
): Promise<string[]> {
  const repository = context.repository(target);
  const kept = new Set((await repository.ofProject(hash, project)).map(({ fullName }) => fullName));
  const before = await repository.ofProject(parentHash, project);
  return before.map(({ fullName }) => fullName).filter((name) => !kept.has(name));
}

function refused({ reason, detail }: Failure, logs: string): TrunklineError {
  const ours = reason === 'infra_error' || reason === 'timeout';
  return new TrunklineError(ours ? 'sandbox_failed' : 'install_failed', `The packages were not installed: ${detail}`, {
    where: join(logs, 'install.log'),
    hint: ours ? 'nothing was published; try again' : 'nothing was published; the log has what the installer said',
  });
}

/** `20261120T120000`. */
function stamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
}

async function makeDirectory(parent: string, prefix: string): Promise<string> {
  try {
    await mkdir(parent, { recursive: true, mode: 0o755 });
    const directory = await mkdtemp(join(parent, prefix));
    await chmod(directory, 0o755);
    return directory;
  } catch (error) {
    throw fileSystemError(error, parent);
  }
}
