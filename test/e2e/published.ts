import { copyFile, mkdtemp, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { openDatabase, readNodes, sqliteUrl } from '../../src/db/index.ts';
import { openTree } from '../../src/repos/index.ts';
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

/** Where something is published: the database is its SQLite file, or the one at this URL. */
export type Place = Pick<Deployment, 'dataDir'> & { database?: string };

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
  const top = repositoryOf(deployment, target);
  const link = await readlink(join(top, name)).catch(() => null);
  if (link === null || link.startsWith('snapshots/')) return link === null ? null : basename(link);
  const record = JSON.parse(await readFile(join(top, link, 'ref.json'), 'utf8')) as { snapshot: string };
  return record.snapshot;
}

/** What a ref or snapshot (`snapshots/<hash>`) holds, from the list that its name is the digest of. */
export async function contentsOf(deployment: Place, target: string, ref = 'current'): Promise<PublishedEntry[]> {
  const hash = ref.startsWith('snapshots/') ? basename(ref) : await refOf(deployment, target, ref);
  if (hash === null) throw new Error(`${target} has no ref ${ref}`);
  return withLists(deployment, (list) => list(hash));
}

/** Does something with the lists of snapshots as the database has them now, by their hashes. */
export async function withLists<T>(
  deployment: Place,
  work: (list: (hash: string) => Promise<PublishedEntry[]>) => Promise<T>,
): Promise<T> {
  // A copy: on a full disk SQLite cannot make the file that readers share.
  const copy = await mkdtemp(join(tmpdir(), 'trunkline-e2e-database-'));
  for (const file of ['trunkline.sqlite', 'trunkline.sqlite-wal'])
    await copyFile(join(deployment.dataDir, file), join(copy, file)).catch(() => undefined);
  const url = deployment.database ?? sqliteUrl(join(copy, 'trunkline.sqlite'));
  const db = await openDatabase({ url, mode: 'read' });
  try {
    const tree = openTree({ read: (hashes) => readNodes(db, hashes), write: () => Promise.reject(new Error('read')) });
    return await work((hash) => tree.list(hash));
  } finally {
    await db.close();
    await rm(copy, { recursive: true });
  }
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
