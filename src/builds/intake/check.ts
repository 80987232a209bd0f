import { basename } from 'node:path';
import { findPackage, listPins, originOf } from '../../db/index.ts';
import { TrunklineError } from '../../lib/index.ts';
import type { PackageFile, PackageFormat, Settings, Target } from '../../model/index.ts';
import type { TrunkContext } from '../context.ts';
import type { GatheredFile } from './gather.ts';

/**
 * The packages of an upload, each once, every one called what it says it is.
 * @throws TrunklineError `package_invalid` for a file under another package's name, `repository_conflict` for two contents of one full name
 */
export function checkedPackages(
  format: PackageFormat,
  files: readonly GatheredFile[],
  packages: readonly PackageFile[],
): PackageFile[] {
  const byName = new Map<string, PackageFile>();
  const originals = new Map(files.map(({ copy, original }) => [copy, original]));
  for (const one of packages) {
    checkFileName(format, one);
    const twin = byName.get(one.identity.fullName);
    if (twin !== undefined && twin.sha256 !== one.sha256) throw twins(twin, one, originals);
    byName.set(one.identity.fullName, one);
  }
  return [...byName.values()];
}

/** Tools that put addresses into file names leave `%3a` for the colon of an epoch, `%2b` for a plus. */
function checkFileName(format: PackageFormat, { path, identity }: PackageFile): void {
  const name = basename(path);
  const names = format.fileNames(identity);
  if (names.includes(name) || names.includes(decoded(name))) return;
  throw new TrunklineError('package_invalid', `${name} says that it is ${identity.fullName}`, {
    where: name,
    hint: `call it ${identity.fileName} if that is the package you mean`,
  });
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function twins(one: PackageFile, other: PackageFile, originals: ReadonlyMap<string, string>): TrunklineError {
  const said = (file: PackageFile) => `${JSON.stringify(originals.get(file.path) ?? file.path)} (${file.sha256})`;
  return new TrunklineError(
    'repository_conflict',
    `${said(one)} and ${said(other)} both say that they are ${one.identity.fullName}, with different contents`,
    { where: one.identity.fullName, hint: 'a version names one file for ever: upload one of the two' },
  );
}

/** @throws TrunklineError `repository_conflict` when the target has had other content under one of the full names. */
export async function refuseRepublished(
  context: TrunkContext,
  target: Target,
  packages: readonly PackageFile[],
): Promise<void> {
  for (const { identity, sha256 } of packages) {
    const known = await findPackage(context.db, target.name, identity.fullName);
    if (known === null || [known.sha256, known.unsignedSha256].includes(sha256)) continue;
    throw new TrunklineError(
      'repository_conflict',
      `${identity.fullName} with SHA-256 ${sha256} cannot be published: ` +
        `${originOf(known)} published it in ${target.name} with other content, ${known.sha256}`,
      { where: identity.fullName, hint: 'a version names one file for ever: raise the version, release or epoch' },
    );
  }
}

/**
 * Who owns the packages: the project named, else the source package they were all built from.
 * @throws TrunklineError `invalid_argument` when they come from several and none is named; `repository_conflict` for a project that is built here
 */
export function ownerOf(
  settings: Settings,
  target: Target,
  packages: readonly PackageFile[],
  named: string | null,
): string {
  const sources = [...new Set(packages.map(({ identity }) => identity.sourceName))];
  const [source] = sources;
  if (named === null && (source === undefined || sources.length > 1))
    throw new TrunklineError('invalid_argument', `The packages were built from ${sources.join(', ')}`, {
      hint: 'name their owner in the repository with --project, or upload them one source package at a time',
    });
  const project = checkProject(named ?? source ?? '');
  const built = settings.projects.find(({ name, targets }) => name === project && targets.includes(target.name));
  if (built === undefined) return project;
  throw new TrunklineError(
    'repository_conflict',
    `The project ${project} is built here for ${target.name}: its next build would replace what is uploaded`,
    { where: settings.file, hint: 'name another owner with --project, or take the project from the configuration' },
  );
}

/** As in the configuration, and as source packages are called. */
function checkProject(name: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9._+-]{0,199}$/.test(name)) return name;
  throw new TrunklineError('invalid_argument', `${JSON.stringify(name)} cannot be the name of a project`, {
    hint: 'use letters, digits, dot, plus, hyphen and underscore',
  });
}

/** @throws TrunklineError `repository_conflict` when the project is kept at a version: an upload would take its place. */
export async function refusePinned(context: TrunkContext, target: Target, project: string): Promise<void> {
  const [pin] = await listPins(context.db, { target: target.name, project, at: context.now() });
  if (pin === undefined) return;
  throw new TrunklineError('repository_conflict', `${project} is pinned on ${target.name}: ${pin.reason}`, {
    hint: `trunkline unpin ${project} --target ${target.name} lets it go on`,
  });
}
