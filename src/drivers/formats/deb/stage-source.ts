import { TrunklineError } from '../../../lib/index.ts';
import type { PackageVersion, StagedSource, StageRequest, Target } from '../../../model/index.ts';
import { revisionTime } from '../changelog-lines.ts';
import { checkStageRequest, stageFile, stageTarball } from '../staging.ts';
import { missingComponent } from './components.ts';
import { debianChangelog } from './debian-changelog.ts';
import { openPackaging, type DebPackaging } from './read-packaging.ts';
import { writeTar } from '../write-tar.ts';

/**
 * Writes what dpkg-source needs: `<source>_<version>.orig.tar.gz` (`upstream.tar.gz` for a native package), `debian.tar` with the packaging and
 * its new changelog, and `top`, the directory to unpack into. Patches are left to dpkg-source, which names the one that fails.
 * An epoch that the packaging's own changelog states stays when the version has none. A Section of a component that the target does not have is refused.
 * @throws TrunklineError `source_invalid` naming file and line, `no_space`.
 */
export async function stageSource(request: StageRequest): Promise<StagedSource> {
  checkStageRequest(request);
  const packaging = openPackaging(request.packaging);
  const version: PackageVersion = { ...request.version, epoch: request.version.epoch ?? packaging.epoch };
  checkVersion(version, packaging.native);
  checkSections(packaging, request.target);
  const { name, native } = packaging;
  const time = revisionTime(request.revision);
  const stage = { directory: request.directory, time };
  const changelog = debianChangelog(request, name, version, packaging.changelog);
  const files = [...packaging.files, { path: 'changelog', content: changelog, executable: false }].map((file) => ({
    ...file,
    path: `debian/${file.path}`,
  }));
  const tarball = native ? 'upstream.tar.gz' : `${name}_${version.version}.orig.tar.gz`;
  await stageFile(stage, 'debian.tar', writeTar(files, time));
  await stageTarball(stage, tarball, request.tarball.path);
  await stageFile(stage, 'top', `${request.tarball.topDirectory}\n`);
  const suffix = version.release === null ? '' : `-${version.release}`;
  return {
    format: 'deb',
    directory: request.directory,
    name,
    version,
    mainFile: `${name}_${version.version}${suffix}.dsc`,
    topDirectory: request.tarball.topDirectory,
    native,
  };
}

function checkSections({ sections }: DebPackaging, target: Target): void {
  for (const { section, where } of sections) {
    const missing = missingComponent(section, target.components);
    if (missing === null) continue;
    throw new TrunklineError(
      'source_invalid',
      `Section ${section} means the component ${missing}, and ${target.name} has ${target.components.join(', ')}`,
      { where, hint: `correct it, or add ${missing} to targets.${target.name}.components in the configuration` },
    );
  }
}

function checkVersion({ version, release }: PackageVersion, native: boolean): void {
  if (!/^[0-9][A-Za-z0-9.+~]*$/.test(version))
    throw new TrunklineError('invalid_argument', `${JSON.stringify(version)} cannot be a Debian version`);
  if (native === (release === null)) return;
  throw new TrunklineError(
    'source_invalid',
    native
      ? 'The packaging is native, and the version was planned with a revision'
      : 'The packaging is not native, and the version was planned without a revision',
    {
      where: 'debian/source/format',
      hint: 'the format was changed after the version was planned: build the next commit',
    },
  );
}
