import type { Selectable } from 'kysely';
import { TrunklineError } from '../lib/index.ts';
import type { CommitInfo, Revision, VersionInputs } from '../model/index.ts';
import { takeSequence, type HistoryName } from './cursors.ts';
import { inTransaction, type DbOrTx } from './database.ts';
import type { RevisionsTable } from './schema.ts';
import { parsed, storable } from './text.ts';

export interface NewRevision extends HistoryName {
  upstream: CommitInfo;
  distgit: CommitInfo;
  /** Where it belongs in history: after all that is known (default), or before it, for commits that are looked up later (`--since`). */
  place?: 'newest' | 'oldest';
  now: number;
}

/** A pair of commit hashes. */
export interface Pair {
  upstreamHash: string;
  distgitHash: string;
}

/** The revision for a pair of commits, made if it is not there yet. */
export function insertRevision(db: DbOrTx, wanted: NewRevision): Promise<{ revision: Revision; inserted: boolean }> {
  const pair = { upstreamHash: wanted.upstream.hash, distgitHash: wanted.distgit.hash };
  return inTransaction(db, async (tx) => {
    const known = await findPair(tx, wanted, pair);
    if (known !== null) return { revision: known, inserted: false };
    const row = await tx.sql
      .insertInto('revisions')
      .values({
        project: wanted.project,
        format: wanted.format,
        upstream_hash: pair.upstreamHash,
        upstream_info: commitJson(wanted.upstream),
        distgit_hash: pair.distgitHash,
        distgit_info: commitJson(wanted.distgit),
        sequence: await takeSequence(tx, wanted, wanted.place ?? 'newest', wanted.now),
        created_at: wanted.now,
      })
      .onConflict((conflict) => conflict.columns(['project', 'format', 'upstream_hash', 'distgit_hash']).doNothing())
      .returningAll()
      .executeTakeFirst();
    if (row !== undefined) return { revision: toRevision(row), inserted: true };
    // Another server has just made it.
    const theirs = await findPair(tx, wanted, pair);
    if (theirs === null)
      throw new Error(`revision ${pair.upstreamHash} ${pair.distgitHash} neither inserted nor there`);
    return { revision: theirs, inserted: false };
  });
}

export async function findRevision(db: DbOrTx, id: number): Promise<Revision | null> {
  const row = await db.sql.selectFrom('revisions').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toRevision(row);
}

/** @throws TrunklineError `not_found` */
export async function requireRevision(db: DbOrTx, id: number): Promise<Revision> {
  const revision = await findRevision(db, id);
  if (revision === null) throw new TrunklineError('not_found', `There is no revision ${id}`);
  return revision;
}

export async function findPair(db: DbOrTx, history: HistoryName, pair: Pair): Promise<Revision | null> {
  const row = await db.sql
    .selectFrom('revisions')
    .selectAll()
    .where('project', '=', history.project)
    .where('format', '=', history.format)
    .where('upstream_hash', '=', pair.upstreamHash)
    .where('distgit_hash', '=', pair.distgitHash)
    .executeTakeFirst();
  return row === undefined ? null : toRevision(row);
}

/** A project's revisions in history order, oldest first. */
export async function listRevisions(db: DbOrTx, history: HistoryName): Promise<Revision[]> {
  const rows = await db.sql
    .selectFrom('revisions')
    .selectAll()
    .where('project', '=', history.project)
    .where('format', '=', history.format)
    .orderBy('sequence')
    .execute();
  return rows.map(toRevision);
}

/** The revisions at some places of a project's history, and those between the first and the last, in history order. */
export async function listRevisionsBetween(
  db: DbOrTx,
  history: HistoryName,
  { first, last, limit }: { first: number; last: number; limit: number },
): Promise<Revision[]> {
  const rows = await db.sql
    .selectFrom('revisions')
    .selectAll()
    .where('project', '=', history.project)
    .where('format', '=', history.format)
    .where('sequence', '>=', first)
    .where('sequence', '<=', last)
    .orderBy('sequence', 'desc')
    .limit(limit)
    .execute();
  return rows.map(toRevision).reverse();
}

/** The pairs of commits known of a project, in history order. */
export function listPairs(db: DbOrTx, history: HistoryName): Promise<Pair[]> {
  return db.sql
    .selectFrom('revisions')
    .select(['upstream_hash as upstreamHash', 'distgit_hash as distgitHash'])
    .where('project', '=', history.project)
    .where('format', '=', history.format)
    .orderBy('sequence')
    .execute();
}

/** The newest revision in history order, or null for a project never seen. */
export async function newestRevision(db: DbOrTx, history: HistoryName): Promise<Revision | null> {
  const row = await db.sql
    .selectFrom('revisions')
    .selectAll()
    .where('project', '=', history.project)
    .where('format', '=', history.format)
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : toRevision(row);
}

/** Whether a commit of the upstream repository has become a revision, with whatever packaging. */
export async function isProcessed(db: DbOrTx, history: HistoryName, upstreamHash: string): Promise<boolean> {
  const row = await db.sql
    .selectFrom('revisions')
    .select('id')
    .where('project', '=', history.project)
    .where('format', '=', history.format)
    .where('upstream_hash', '=', upstreamHash)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Records what a revision's version is computed from, unless that has been recorded before; answers what is on record (DESIGN 5). */
export async function recordVersionInputs(db: DbOrTx, id: number, inputs: VersionInputs): Promise<VersionInputs> {
  await db.sql
    .updateTable('revisions')
    .set({ version_inputs: JSON.stringify(inputs) })
    .where('id', '=', id)
    .where('version_inputs', 'is', null)
    .execute();
  const { versionInputs } = await requireRevision(db, id);
  if (versionInputs === null) throw new Error(`the version inputs of revision ${id} were not recorded`);
  return versionInputs;
}

export function toRevision(row: Selectable<RevisionsTable>): Revision {
  return {
    id: row.id,
    project: row.project,
    format: row.format,
    upstream: parsed(row.upstream_info) as CommitInfo,
    distgit: parsed(row.distgit_info) as CommitInfo,
    sequence: row.sequence,
    versionInputs: row.version_inputs === null ? null : (parsed(row.version_inputs) as VersionInputs),
  };
}

function commitJson(commit: CommitInfo): string {
  return JSON.stringify({
    ...commit,
    authorName: storable(commit.authorName, 500),
    authorEmail: storable(commit.authorEmail, 500),
    subject: storable(commit.subject, 1000),
  });
}
