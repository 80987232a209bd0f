import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Deployment } from './fixture.ts';

export interface PublishedEntry {
  project: string;
  sequence: number;
  fullName: string;
  name: string;
  kind: string;
  fileName: string;
  sha256: string;
  size: number;
}

/** The directory of a target's published repository. */
export function repositoryOf({ dataDir }: Pick<Deployment, 'dataDir'>, target: string): string {
  return join(dataDir, 'repos', target);
}

/** The snapshot that a ref's link leads to on disk, or null where there is no such ref. */
export async function refOf(
  deployment: Pick<Deployment, 'dataDir'>,
  target: string,
  name: string,
): Promise<string | null> {
  const link = await readlink(join(repositoryOf(deployment, target), name)).catch(() => null);
  return link === null ? null : link.replace(/^snapshots\//, '');
}

/** What a ref's snapshot holds, from its manifest on disk. */
export async function contentsOf(
  deployment: Pick<Deployment, 'dataDir'>,
  target: string,
  ref = 'current',
): Promise<PublishedEntry[]> {
  const text = await readFile(join(repositoryOf(deployment, target), ref, 'manifest.json'), 'utf8');
  return (JSON.parse(text) as { packages: PublishedEntry[] }).packages;
}

/** `project@sequence` of every project in a ref's snapshot, sorted. */
export async function standingsOf(
  deployment: Pick<Deployment, 'dataDir'>,
  target: string,
  ref = 'current',
): Promise<string[]> {
  const entries = await contentsOf(deployment, target, ref);
  return [...new Set(entries.map(({ project, sequence }) => `${project}@${sequence}`))].sort();
}
