import { join } from 'node:path';
import { appendToLog, programVersion } from '../../lib/index.ts';
import { versionText, type PackageVersion } from '../../model/index.ts';
import { failureOf } from '../failure.ts';
import type { Work } from './workplace.ts';

/** The first lines of a build's log: what is built, from what. They are there at once, so that whoever follows it sees that it has begun. */
export async function noteBegin(work: Work): Promise<void> {
  const { project, target, revision } = work;
  await append(
    work,
    `trunkline ${programVersion()}: ${project.name} for ${target.name} (${target.format}, builder ${target.builder})\n` +
      `trunkline: upstream ${revision.upstream.hash}, packaging ${revision.distgit.hash}\n`,
  );
}

export async function noteVersion(work: Work, version: PackageVersion): Promise<void> {
  await append(work, `trunkline: version ${versionText(version)}\n\n`);
}

/** Where the sources are to blame for its failure, the log says so. @throws what `doing` throws */
export async function noteFailure<T>(work: Work, doing: () => Promise<T>): Promise<T> {
  try {
    return await doing();
  } catch (error) {
    const { reason, detail } = failureOf(error);
    // Where that cannot be written, what went wrong before is still what is told.
    if (reason !== 'infra_error') await append(work, `\ntrunkline: ${reason}: ${detail}\n`).catch(() => undefined);
    throw error;
  }
}

function append({ logs }: Work, text: string): Promise<void> {
  return appendToLog(join(logs, 'build.log'), text);
}
