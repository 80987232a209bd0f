import { link, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuiltBody } from '../../api/index.ts';
import { TrunklineError } from '../../lib/index.ts';
import type { PackageFile, PackageVersion } from '../../model/index.ts';
import type { TrunkContext } from '../context.ts';
import { oneLine, type Failure } from '../failure.ts';
import { readSupplements } from '../plan.ts';
import { gatherPackaging, objection } from '../run/index.ts';
import type { Session } from './session.ts';

/** Where a package lies that came whole. */
export function stagedPath({ progress }: Session, sha256: string): string {
  return join(progress.scratch, 'staging', sha256);
}

/** Digests of the files of an account that are not here. */
export function missingOf(session: Session, { files }: BuiltBody): string[] {
  return [...new Set(files.map(({ sha256 }) => sha256))].filter((sha256) => !session.staged.has(sha256));
}

/** Notes what a worker says of the machine and the build; said twice, it counts once. */
export function noteAccount({ progress }: Session, body: BuiltBody): void {
  const { inputs, timings } = progress;
  inputs.buildroot = body.buildroot;
  inputs.builderVersion = body.builderVersion;
  inputs.baseRepositories = body.baseRepositories;
  Object.assign(timings, body.timings);
}

/**
 * The packages as this machine reads them, in a jail: what the worker says of them counts for nothing. What a build here would be refused for, it is
 * refused for too. @throws TrunklineError `package_invalid`
 */
export async function readPackages(
  context: TrunkContext,
  session: Session,
  { files }: BuiltBody,
): Promise<{ packages: readonly PackageFile[]; failure: Failure | null }> {
  const { progress } = session;
  const format = context.formats[progress.target.format];
  const directory = join(progress.scratch, 'in');
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const paths: string[] = [];
  for (const { name, sha256 } of files) {
    const path = join(directory, name);
    if (paths.includes(path)) throw new TrunklineError('package_invalid', `Two files are called ${name}`);
    await link(stagedPath(session, sha256), path);
    paths.push(path);
  }
  const packages = await format.identify(paths);
  const packaging = await gatherPackaging(context, progress);
  const { name } = format.readPackaging(packaging);
  const { versionInputs } = progress.revision;
  if (progress.inputs.version === null || versionInputs === null)
    return { packages, failure: { reason: 'build_failed', detail: 'the worker built without asking for the version' } };
  session.supplements = await readSupplements(context, progress, packaging, versionInputs);
  return { packages, failure: objection(packages, name) ?? notOrdered(name, progress.inputs.version, packages) };
}

/**
 * What builders leave, a worker has to send: the source package that was ordered, and packages that were built from it. Every build's version sorts after
 * the one before it, so that of another version is not what was ordered.
 */
function notOrdered(name: string, { version }: PackageVersion, packages: readonly PackageFile[]): Failure | null {
  const refused = (detail: string): Failure => ({ reason: 'build_failed', detail: oneLine(detail) });
  const source = packages.find(({ identity }) => identity.kind === 'source');
  if (source === undefined) return refused('the worker sent no source package');
  if (source.identity.version !== version)
    return refused(`the source package is ${source.identity.fullName}, and ${version} was ordered`);
  const stranger = packages.find(({ identity }) => identity.kind === 'binary' && identity.sourceName !== name);
  if (stranger === undefined) return null;
  const { fullName, sourceName } = stranger.identity;
  return refused(`${fullName} says that it was built from ${sourceName}, not from ${name}`);
}
