import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LatestBuild } from '../../db/index.ts';
import { firstBuildOfPair, latestBuilds, listPackages, requireBuildWithRevision } from '../../db/index.ts';
import type { Build, Project, PublishedPackage, Revision } from '../../model/index.ts';
import type { BuildDirectory, BuildFile, BuildPlace } from '../../repos/index.ts';
import { buildDirectoryPath } from '../../repos/index.ts';
import { requireTarget, type TrunkContext } from '../context.ts';
import { listLogs, logBytes, openLog } from '../logs/index.ts';
import { commitYaml, versionsCsv, type DlrnStatus, type VersionsRow } from './dlrn-files.ts';

/** Where a build's directory stands below its target's repository. */
export async function placeOf(context: TrunkContext, build: Build, revision: Revision): Promise<BuildPlace> {
  const pair = { upstream: revision.upstream.hash, distgit: revision.distgit.hash };
  const first = await firstBuildOfPair(context.db, build.target, pair);
  const project = context.settings.projects.find(({ name }) => name === build.project);
  return {
    project: build.project,
    component: project?.component ?? null,
    upstreamCommit: pair.upstream,
    distgitCommit: pair.distgit,
    ownsPair: first === null || first === build.id,
  };
}

/** How a build's directory calls its repository; the words are DLRN's. */
function clientOf(build: { project: string }, upstreamCommit: string) {
  return { name: 'delorean', description: `delorean-${build.project}-${upstreamCommit}` };
}

/** DLRN's directory of a finished build: its repository where it has one, logs, versions.csv, commit.yaml. Idempotent. Returns its path. */
export async function publishDirectory(context: TrunkContext, buildId: number, logs: string | null): Promise<string> {
  const { build, revision } = await requireBuildWithRevision(context.db, buildId);
  const target = requireTarget(context.settings, build.target);
  const place = await placeOf(context, build, revision);
  const packages = await listPackages(context.db, [buildId]);
  const directory: BuildDirectory = {
    ...place,
    snapshot: build.result === 'success' ? build.snapshot : null,
    client: clientOf(build, revision.upstream.hash),
    files: [
      ...(await logFiles(logs)),
      { fileName: 'commit.yaml', content: describeCommit(context, build, revision, packages, place) },
      { fileName: 'versions.csv', content: await describeVersions(context, build.target) },
      ...(build.result === 'success' ? [{ fileName: 'installed', content: '' }] : []),
    ],
  };
  return context.repository(target).writeBuildDirectory(directory);
}

/** Leads a build's directory to a snapshot that exists as files; the rest of it stays as it is. */
export async function openDirectory(context: TrunkContext, buildId: number, snapshot: string): Promise<void> {
  const { repository, ...directory } = await repositoryOf(context, buildId);
  await repository.writeBuildDirectory({ ...directory, snapshot, files: [] });
}

/** Takes the repository out of a build's directory, because its snapshot goes or is files no more; logs and the rest stay. */
export async function closeDirectory(context: TrunkContext, buildId: number): Promise<void> {
  const { repository, ...directory } = await repositoryOf(context, buildId);
  await repository.closeBuildDirectory(directory);
}

async function repositoryOf(context: TrunkContext, buildId: number) {
  const { build, revision } = await requireBuildWithRevision(context.db, buildId);
  const repository = context.repository(requireTarget(context.settings, build.target));
  return { repository, ...(await placeOf(context, build, revision)), client: clientOf(build, revision.upstream.hash) };
}

/** Logs as text, compressed ones too: a plain web server shows them to whoever opens one in a browser. */
async function logFiles(directory: string | null): Promise<BuildFile[]> {
  if (directory === null) return [];
  const names = (await listLogs(directory)).filter((name) => name.endsWith('.log'));
  return Promise.all(
    names.map(async (fileName): Promise<BuildFile> => {
      const path = join(directory, fileName);
      const plain = (await stat(path).catch(() => null)) !== null;
      return plain ? { fileName, path } : { fileName, bytes: () => textOf(path) };
    }),
  );
}

async function* textOf(path: string): AsyncGenerator<Uint8Array> {
  const log = await openLog(path);
  if (log === null) return;
  try {
    yield* logBytes(log);
  } finally {
    await log.close();
  }
}

function describeCommit(
  context: TrunkContext,
  build: Build,
  revision: Revision,
  packages: readonly PublishedPackage[],
  place: BuildPlace,
): string {
  const project = context.settings.projects.find(({ name }) => name === build.project);
  const directory = `repos/${build.target}/${buildDirectoryPath(place)}`;
  return commitYaml({
    id: build.id,
    type: revision.format,
    project: build.project,
    commitHash: revision.upstream.hash,
    commitBranch: project?.upstream.branch ?? '',
    commitTime: revision.upstream.committerTime,
    distroHash: revision.distgit.hash,
    distroTime: revision.distgit.committerTime,
    buildTime: seconds(build.finishedAt ?? build.createdAt),
    status: dlrnStatus(build),
    component: place.component,
    artifacts: packages.map(({ sha256, fileName }) => `${directory}/pool/${sha256.slice(0, 2)}/${sha256}/${fileName}`),
    notes: build.result === 'success' ? 'OK' : `${build.reason ?? ''}: ${build.detail ?? ''}`,
    repositoryDirectory: `git/${build.project}`,
    distgitDirectory: `git/${build.project}_distro`,
  });
}

async function describeVersions(context: TrunkContext, target: string): Promise<string> {
  const projects = new Map(context.settings.projects.map((project) => [project.name, project]));
  const latest = await latestBuilds(context.db, target);
  const rows: VersionsRow[] = latest.flatMap((one) => {
    const project = projects.get(one.newest.build.project);
    return project === undefined ? [] : [versionsRow(project, one)];
  });
  return versionsCsv(rows);
}

/** DLRN's rule: the commits and packages of the last success where there is one, with the state of the last build. */
function versionsRow(project: Project, { newest, success, sourcePackage }: LatestBuild): VersionsRow {
  const shown = success ?? newest;
  return {
    project: project.name,
    sourceRepository: project.upstream.url,
    sourceHash: shown.revision.upstream.hash,
    distRepository: project.packaging[shown.revision.format]?.url ?? '',
    distHash: shown.revision.distgit.hash,
    status: dlrnStatus(newest.build),
    lastSuccess: success === null ? 0 : seconds(success.build.finishedAt ?? 0),
    component: project.component,
    sourcePackage: sourcePackage ?? '',
  };
}

function dlrnStatus(build: Build): DlrnStatus {
  if (build.result === 'success') return 'SUCCESS';
  return build.reason === 'infra_error' || build.state !== 'finished' ? 'RETRY' : 'FAILED';
}

function seconds(milliseconds: number): number {
  return Math.trunc(milliseconds / 1000);
}
