import { chmod, mkdtemp } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { BuiltAnswer, BuiltBody, CandidateAnswer, Order, VerifiedAnswer } from '../api/index.ts';
import {
  gatherReport,
  makePackages,
  readBaseRepositories,
  requireBuilder,
  verifyPackages,
  type BuiltPackages,
  type Failure,
  type PlannedVersion,
  type Work,
  type Workplace,
} from '../builds/run/index.ts';

import type { LocalRepository, PackageFile } from '../model/index.ts';
import type { HeldAttempt } from './attempt.ts';
import type { OrderMirrors } from './mirrors.ts';
import type { Repositories } from './repositories.ts';

/** How the server ended an attempt. */
export type Ending = Extract<BuiltAnswer, { next: 'ended' }>;

/** What the making of one attempt works with. */
export interface Making {
  place: Workplace;
  work: Work;
  order: Order;
  held: HeldAttempt;
  repositories: Repositories;
  haveTags: OrderMirrors['haveTags'];
  /** Sends the logs as they are now. */
  flush: () => Promise<void>;
  /** Writes a line to worker.log. */
  note: (line: string) => Promise<void>;
}

/** Thrown where the server ends an attempt in the midst of it. */
export class Ended extends Error {
  readonly ending: Ending;

  constructor(ending: Ending) {
    super('the server has ended the attempt');
    this.ending = ending;
  }
}

/** Makes an attempt: source, build, upload, install check. @throws Ended, and what went wrong here */
export async function makeAttempt(making: Making): Promise<Ending> {
  const { place, work, flush, order, note } = making;
  // Fetched at the same time; what goes wrong is told where the mirror is used.
  place.mirrors.of(order.project.upstream).catch(() => undefined);
  const repository = await bringSnapshot(making);
  const built = await makePackages(place, work, { plan: () => askVersion(making), repository });
  await note(built.failure === null ? `built ${String(built.packages.length)} packages` : 'the build failed');
  await flush();
  const account = await accountOf(making, built);
  let answer: BuiltAnswer | VerifiedAnswer = await tell(making, account, built.packages);
  while (answer.next !== 'ended')
    answer =
      answer.next === 'verify'
        ? await verify(making, built.packages, answer)
        : await tell(making, account, built.packages);
  return answer;
}

/** Tells that an attempt failed before there were packages. */
export async function tellFailure(making: Making, failure: Failure): Promise<Ending> {
  const answer = await making.held.built(
    await accountOf(making, { packages: [], failure, buildroot: [], timings: {} }),
  );
  if (answer.next === 'ended') return answer;
  throw new Error(`the server takes no failure: ${answer.next}`);
}

async function bringSnapshot({ held, order, work, repositories, note }: Making): Promise<LocalRepository | null> {
  if (order.snapshot === null) return null;
  const started = performance.now();
  const repository = await repositories.snapshot(held, order.target.name, order.snapshot, await held.repository());
  work.timings.fetch = (performance.now() - started) / 1000;
  await note(`has snapshot ${order.snapshot.slice(0, 12)}`);
  return repository;
}

async function askVersion({ held, place, work, haveTags }: Making): Promise<PlannedVersion> {
  let answer = await held.plan(null);
  if (answer.next === 'report') answer = await held.plan(await gatherReport(place, work));
  if (answer.next === 'ended') throw new Ended(answer);
  if (answer.next === 'report') throw new Error('the server asks for the version again');
  await haveTags(answer.inputs.tags);
  return answer;
}

async function accountOf({ place, work }: Making, built: BuiltPackages): Promise<BuiltBody> {
  const { failure, packages } = built;
  return {
    files:
      failure === null ? [...filesOf(packages).values()].map(({ name, sha256, size }) => ({ name, sha256, size })) : [],
    failure,
    buildroot: [...built.buildroot],
    builderVersion: await requireBuilder(place, work.target).version(),
    baseRepositories: [...(await readBaseRepositories(work.target))],
    timings: { ...work.timings },
  };
}

interface BuiltFile {
  path: string;
  name: string;
  sha256: string;
  size: number;
}

/** Packages and what lies beside them, by name: two source packages may share a tarball. */
function filesOf(packages: readonly PackageFile[]): Map<string, BuiltFile> {
  const files = new Map<string, BuiltFile>();
  for (const { path, sha256, size, companions } of packages)
    for (const file of [{ path, sha256, size }, ...companions])
      files.set(basename(file.path), { ...file, name: basename(file.path) });
  return files;
}

/** Tells what was built and sends what the server has not. */
async function tell({ held }: Making, account: BuiltBody, packages: readonly PackageFile[]): Promise<BuiltAnswer> {
  const answer = await held.built(account);
  if (answer.next !== 'upload') return answer;
  const missing = new Set(answer.missing);
  for (const { path, sha256, size } of filesOf(packages).values()) {
    if (missing.has(sha256)) await held.sendPackage(path, { sha256, size });
    missing.delete(sha256);
  }
  return held.built(account);
}

/** Installs the packages from the repository that the server would publish, and tells how it went. */
async function verify(
  { held, place, work, order, repositories, flush }: Making,
  packages: readonly PackageFile[],
  answer: CandidateAnswer,
): Promise<VerifiedAnswer> {
  const started = performance.now();
  const { target, logs, signal } = work;
  // An address that was never used before: package managers keep what they know of one.
  const directory = await mkdtemp(join(work.scratch, 'candidate-'));
  await chmod(directory, 0o755);
  const built = new Map(packages.map(({ sha256, path }) => [sha256, path]));
  const files = { built, places: answer.built };
  const repository = await repositories.candidate(held, order.target.name, directory, answer.repository, files);
  const seconds = (performance.now() - started) / 1000;
  const verified = await verifyPackages({ target, repository, packages, logs, signal }, requireBuilder(place, target));
  await flush();
  return held.verified({
    candidate: answer.candidate,
    failure: verified.failure,
    installed: [...verified.installed],
    timings: { fetchCandidate: seconds, ...verified.timings },
  });
}
