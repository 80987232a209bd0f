import { basename } from 'node:path';
import { TrunklineError } from '../../../lib/index.ts';
import type { PackageVersion, StagedSource, StageRequest } from '../../../model/index.ts';
import { revisionTime } from '../changelog-lines.ts';
import { checkStageRequest, stageFile, stageTarball } from '../staging.ts';
import { editSpec } from './edit-spec.ts';
import { openPackaging, summarise } from './read-packaging.ts';
import { changelogSection } from './spec-changelog.ts';

/**
 * Writes `<name>.spec` and `SOURCES/` for rpmbuild: the spec edited for the version, the tarball, and the packaging's other files byte for byte.
 * Nothing is run or expanded. An epoch that the spec states stays when the version has none.
 * @throws TrunklineError `source_invalid` naming file and line, `no_space`.
 */
export async function stageSource(request: StageRequest): Promise<StagedSource> {
  checkStageRequest(request);
  const packaging = openPackaging(request.packaging);
  const { name, epoch } = summarise(packaging);
  const version: PackageVersion = { ...request.version, epoch: request.version.epoch ?? epoch };
  const tarball = tarballName(request.tarball.path);
  const spec = editSpec(packaging.spec, packaging.specPath, {
    name,
    version: request.version,
    tarball,
    topDirectory: request.tarball.topDirectory,
    changelog: changelogSection(request, version).map((line) => Buffer.from(line).toString('latin1')),
  });
  const stage = { directory: request.directory, time: revisionTime(request.revision) };
  await stageFile(stage, `${name}.spec`, Buffer.from(spec, 'latin1'));
  await stageTarball(stage, `SOURCES/${tarball}`, request.tarball.path);
  for (const file of packaging.sources)
    // A tarball of the same name in the packaging is what ours replaces.
    if (file.path !== tarball) await stageFile(stage, `SOURCES/${file.path}`, file.content, file.executable);
  return {
    format: 'rpm',
    directory: request.directory,
    name,
    version,
    mainFile: `${name}.spec`,
    topDirectory: request.tarball.topDirectory,
    native: false,
  };
}

function tarballName(path: string): string {
  const name = basename(path);
  if (/^[A-Za-z0-9_][A-Za-z0-9._+~^-]*$/.test(name)) return name;
  throw new TrunklineError('invalid_argument', `${JSON.stringify(name)} cannot be the file name of a source`);
}
