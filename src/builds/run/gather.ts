import { join } from 'node:path';
import type { Mirror } from '../../lib/git/index.ts';
import { TrunklineError, waitedForLater } from '../../lib/index.ts';
import { openJail } from '../../lib/jail/index.ts';
import {
  lastVersionTag,
  type PackageVersion,
  type PackagingFile,
  type Project,
  type VersionInputs,
} from '../../model/index.ts';
import {
  changelogSince,
  readPackaging,
  reportVersion,
  sourceTarball,
  type TreeJail,
  type TreeRequest,
} from '../source/index.ts';
import type { SourceMaterial } from './build.ts';
import type { Work, Workplace } from './workplace.ts';

/** The packaging files of the revision's distgit commit. @throws TrunklineError `source_invalid`, `not_found`. */
export async function gatherPackaging(place: Workplace, work: Work): Promise<PackagingFile[]> {
  const { project, target, revision } = work;
  const packaging = project.packaging[target.format];
  if (packaging === undefined)
    throw new TrunklineError('source_invalid', `${project.name} has no ${target.format} packaging any more`, {
      where: place.settings.file,
      hint: `give it packaging.${target.format}, or take ${target.name} from its targets`,
    });
  const mirror = await place.mirrors.of(packaging);
  return readPackaging(mirror, revision.distgit.hash, packaging.path, { format: target.format });
}

/** The upstream tarball, made once for a commit, and the commits since the last version tag. */
export async function gatherMaterial(
  place: Workplace,
  work: Work,
  version: PackageVersion,
  inputs: VersionInputs,
  packaging: readonly PackagingFile[],
): Promise<SourceMaterial> {
  const { project, revision } = work;
  const mirror = await place.mirrors.of(project.upstream);
  const { hash } = revision.upstream;
  // The same for every format and packaging commit, so that one tarball serves them all.
  const topDirectory = `${project.name}-${version.base}.git${hash.slice(0, 7)}`;
  const tag = lastVersionTag(inputs.tags, project.version, upstreamNames(project));
  const changelog = waitedForLater(changelogSince(mirror, hash, tag));
  const path = await sourceTarball({
    tree: { ...treeOf(place, work, mirror, topDirectory), tags: inputs.tags },
    name: project.name,
    rule: project.source,
    jail: jailOf(work),
    directory: join(place.settings.localDir, 'tarballs'),
  });
  return { tarball: { path, topDirectory }, packaging, changelog: await changelog };
}

/** The version that the project's own metadata or script prints, in a jail. */
export async function gatherReport(place: Workplace, work: Work): Promise<string> {
  const { project } = work;
  const mirror = await place.mirrors.of(project.upstream);
  const tree = treeOf(place, work, mirror, project.name);
  return reportVersion({ tree, jail: jailOf(work), rule: project.version });
}

/** Names that may stand before the version in a project's tags. */
export function upstreamNames({ name, upstream }: Project): string[] {
  const repository = upstream.url.replace(/\/+$/, '').split(/[/:]/).at(-1) ?? '';
  return [name, repository.replace(/\.git$/, '')];
}

function treeOf(
  { settings }: Workplace,
  { revision, signal }: Work,
  mirror: Mirror,
  topDirectory: string,
): TreeRequest {
  return {
    mirror,
    commit: revision.upstream.hash,
    topDirectory,
    limits: { bytes: settings.limits.sourceSize },
    submoduleMirrors: join(settings.dataDir, 'git'),
    signal,
  };
}

function jailOf({ target, scratch, signal }: Work): TreeJail {
  return { openJail, limits: target.limits, scratch, signal };
}
