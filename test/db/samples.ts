import { insertBuild, insertRevision, type Db, type DbOrTx } from '../../src/db/index.ts';
import type { Build, CommitInfo, FormatName, Revision } from '../../src/model/index.ts';
import { sha256 } from '../../src/lib/index.ts';

/** 2026-11-20 12:00 UTC in milliseconds. */
export const NOON = 1_795_176_000_000;

/** A commit whose hash follows from its name. */
export function commit(name: string, time = NOON / 1000): CommitInfo {
  return {
    hash: sha256(name).slice(0, 40),
    authorName: 'Ada Lovelace',
    authorEmail: 'ada@example.org',
    authorTime: time,
    committerTime: time,
    subject: `Change ${name}`,
  };
}

export async function revision(
  db: DbOrTx,
  name: string,
  options: { project?: string; format?: FormatName; time?: number; distgit?: string } = {},
): Promise<Revision> {
  const { project = 'tool', format = 'rpm', time = NOON / 1000, distgit = 'packaging' } = options;
  const made = await insertRevision(db, {
    project,
    format,
    upstream: commit(`${project} ${name}`, time),
    distgit: commit(`${project} ${distgit}`),
    now: NOON,
  });
  return made.revision;
}

/** A build of a new commit. */
export async function build(
  db: Db,
  name: string,
  { project = 'tool', target = 'fedora-43-x86_64', time = NOON / 1000 } = {},
): Promise<Build> {
  const made = await insertBuild(db, { revision: await revision(db, name, { project, time }), target, now: NOON });
  return made.build;
}
