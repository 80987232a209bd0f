import { sql } from 'kysely';
import type { BuildInputs } from '../model/index.ts';
import type { DbOrTx } from './database.ts';
import { listSnapshotsOfBuild } from './snapshots.ts';
import { RUNNING } from './states.ts';
import { parsed } from './text.ts';

/** What the garbage collector said about some snapshots and packages of a target before it removes them. */
export interface Announcement {
  id: number;
  target: string;
  announcedAt: number;
  /** Not to be removed before. */
  goesAt: number;
  actor: string;
  /** Mail addresses. */
  told: readonly string[];
}

/** Announcements by their ids. */
export async function findAnnouncements(db: DbOrTx, ids: readonly number[]): Promise<Map<number, Announcement>> {
  if (ids.length === 0) return new Map();
  const rows = await db.sql.selectFrom('gc_announcements').selectAll().where('id', 'in', ids).execute();
  return new Map(
    rows.map((row) => [
      row.id,
      {
        id: row.id,
        target: row.target,
        announcedAt: row.announced_at,
        goesAt: row.goes_at,
        actor: row.actor,
        told: parsed(row.told) as string[],
      },
    ]),
  );
}

/** A snapshot or package that is there, as the garbage collector looks at it. */
export interface Collectable {
  id: string;
  createdAt: number;
  announcementId: number | null;
}

/** The snapshots of a target that are there, the last made first; `id` is the hash. */
export async function listPresentSnapshots(db: DbOrTx, target: string): Promise<Collectable[]> {
  const rows = await db.sql
    .selectFrom('snapshots')
    .select(['hash', 'created_at', 'announcement_id'])
    .where('target', '=', target)
    .where('gone_at', 'is', null)
    .orderBy('created_at', 'desc')
    .orderBy('hash', 'desc')
    .execute();
  return rows.map((row) => ({ id: row.hash, createdAt: row.created_at, announcementId: row.announcement_id }));
}

/** The hashes of all snapshots of all targets that are there. */
export async function listPresentRoots(db: DbOrTx): Promise<string[]> {
  const rows = await db.sql.selectFrom('snapshots').select('hash').distinct().where('gone_at', 'is', null).execute();
  return rows.map(({ hash }) => hash);
}

/** The packages of a target that are there; `id` is the SHA-256. */
export async function listPresentPackages(
  db: DbOrTx,
  target: string,
): Promise<(Collectable & { fullName: string; size: number })[]> {
  const rows = await db.sql
    .selectFrom('packages')
    .select(['sha256', 'full_name', 'size', 'created_at', 'announcement_id'])
    .where('target', '=', target)
    .where('gone_at', 'is', null)
    .execute();
  return rows.map((row) => ({
    id: row.sha256,
    fullName: row.full_name,
    size: row.size,
    createdAt: row.created_at,
    announcementId: row.announcement_id,
  }));
}

/** Values of one `in (…)`: SQLite takes 32,766 in a statement. */
const BATCH = 5000;

async function inBatches(ids: readonly string[], work: (some: readonly string[]) => Promise<unknown>): Promise<void> {
  for (let start = 0; start < ids.length; start += BATCH) await work(ids.slice(start, start + BATCH));
}

/** What one run of the garbage collector changes of a target: hashes of snapshots, digests of packages. */
export interface Marks {
  snapshots: readonly string[];
  packages: readonly string[];
}

/** Says of snapshots and packages that they go; with null, that they stay after all. */
export async function markAnnounced(
  db: DbOrTx,
  target: string,
  marks: Marks,
  announcement: number | null,
): Promise<void> {
  const set = { announcement_id: announcement };
  await inBatches(marks.snapshots, (some) =>
    db.sql.updateTable('snapshots').set(set).where('target', '=', target).where('hash', 'in', some).execute(),
  );
  await inBatches(marks.packages, (some) =>
    db.sql.updateTable('packages').set(set).where('target', '=', target).where('sha256', 'in', some).execute(),
  );
}

/** Marks snapshots and packages as removed, and remembers that their files have to go. */
export async function markGone(db: DbOrTx, target: string, marks: Marks, now: number): Promise<void> {
  await inBatches(marks.snapshots, async (some) => {
    await db.sql
      .updateTable('snapshots')
      .set({ gone_at: now })
      .where('target', '=', target)
      .where('hash', 'in', some)
      .execute();
    await insertLeftovers(db, target, 'snapshot', some);
  });
  await inBatches(marks.packages, async (some) => {
    await db.sql
      .updateTable('packages')
      .set({ gone_at: now })
      .where('target', '=', target)
      .where('sha256', 'in', some)
      .execute();
    await insertLeftovers(db, target, 'package', some);
  });
}

export interface Leftover {
  target: string;
  kind: 'snapshot' | 'package';
  /** The snapshot's hash, or the package's SHA-256. */
  name: string;
}

async function insertLeftovers(
  db: DbOrTx,
  target: string,
  kind: Leftover['kind'],
  names: readonly string[],
): Promise<void> {
  await db.sql
    .insertInto('gc_leftovers')
    .values(names.map((name) => ({ target, kind, name })))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** What is gone as far as the database says and may still have files; snapshots first. */
export function listLeftovers(db: DbOrTx, target: string): Promise<Leftover[]> {
  return db.sql
    .selectFrom('gc_leftovers')
    .selectAll()
    .where('target', '=', target)
    .orderBy('kind', 'desc')
    .orderBy('name')
    .execute();
}

export async function deleteLeftover(db: DbOrTx, { target, kind, name }: Leftover): Promise<void> {
  await db.sql
    .deleteFrom('gc_leftovers')
    .where('target', '=', target)
    .where('kind', '=', kind)
    .where('name', '=', name)
    .execute();
}

export async function insertAnnouncement(db: DbOrTx, announcement: Omit<Announcement, 'id'>): Promise<number> {
  const row = await db.sql
    .insertInto('gc_announcements')
    .values({
      target: announcement.target,
      announced_at: announcement.announcedAt,
      goes_at: announcement.goesAt,
      actor: announcement.actor,
      told: JSON.stringify(announcement.told),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}

/** The packages that still go with an announcement, with the project each is of; by project and name. */
export async function listAnnouncedPackages(
  db: DbOrTx,
  announcement: number,
): Promise<{ project: string; fullName: string; size: number }[]> {
  const rows = await db.sql
    .selectFrom('packages')
    .leftJoin('builds', 'builds.id', 'packages.build_id')
    .leftJoin('uploads', 'uploads.id', 'packages.upload_id')
    .where('packages.announcement_id', '=', announcement)
    .where('packages.gone_at', 'is', null)
    .select(({ fn }) => [
      fn.coalesce('builds.project', 'uploads.project').as('project'),
      'packages.full_name as fullName',
      'packages.size',
    ])
    .orderBy('project')
    .orderBy('packages.full_name')
    .execute();
  return rows.map((row) => ({ project: row.project ?? '', fullName: row.fullName, size: row.size }));
}

/** Builds of a target whose packages were published in a snapshot, or whose repository leads there now. */
export async function listBuildsIn(db: DbOrTx, target: string, snapshot: string): Promise<number[]> {
  const rows = await db.sql
    .selectFrom('builds')
    .select('id')
    .where('target', '=', target)
    .where('snapshot', '=', snapshot)
    .execute();
  return rows.map(({ id }) => id);
}

/** How often nodes were deleted. Whoever holds nodes in memory and finds that it has grown has to forget them: others may have deleted some. */
export async function countNodeRemovals(db: DbOrTx): Promise<number> {
  return (await db.sql.selectFrom('node_removals').select('count').executeTakeFirstOrThrow()).count;
}

/** Deletes nodes of snapshot trees, in one transaction with whatever else `db` does. */
export async function deleteNodes(db: DbOrTx, hashes: readonly string[]): Promise<void> {
  await db.sql
    .updateTable('node_removals')
    .set((eb) => ({ count: eb('count', '+', 1) }))
    .execute();
  await inBatches(hashes, (some) => db.sql.deleteFrom('tree_nodes').where('hash', 'in', some).execute());
}

export async function listNodeHashes(db: DbOrTx): Promise<string[]> {
  return (await db.sql.selectFrom('tree_nodes').select('hash').execute()).map(({ hash }) => hash);
}

/** What is retained of a target: snapshots made at this moment or later. */
export async function retainedSince(
  db: DbOrTx,
  target: string,
  rule: { youngerThan: number; keepLast: number },
): Promise<number> {
  const row = await db.sql
    .selectFrom('snapshots')
    .select('created_at')
    .where('target', '=', target)
    .where('gone_at', 'is', null)
    .orderBy('created_at', 'desc')
    .orderBy('hash', 'desc')
    .offset(rule.keepLast - 1)
    .limit(1)
    .executeTakeFirst();
  // Fewer than that: all of them.
  return Math.min(rule.youngerThan, row?.created_at ?? Number.MIN_SAFE_INTEGER);
}

/** Snapshots made since a moment whose parent was made before it, or is gone: every later one has its packages from these or from a build in between. */
export async function listFirstSince(db: DbOrTx, target: string, since: number, limit: number): Promise<string[]> {
  // A snapshot's parent is nearly always the one made before it: only the others are looked up.
  const { rows } = await sql<{ hash: string }>`
    with young as (
      select hash, parent_hash, created_at, lag(hash) over (order by created_at, hash) as previous_hash
      from snapshots where target = ${target} and created_at >= ${since} and gone_at is null
    )
    select young.hash from young
    left join snapshots as parent on parent.target = ${target} and parent.hash = young.parent_hash
      and parent.created_at >= ${since} and parent.gone_at is null
    where (young.previous_hash is null or young.parent_hash is null or young.previous_hash <> young.parent_hash)
      and parent.hash is null
    order by young.created_at limit ${limit}`.execute(db.sql);
  return rows.map(({ hash }) => hash);
}

/** The snapshots that attempts going on now build against, and the builds they belong to. */
export async function listRunningInputs(db: DbOrTx, target: string): Promise<{ buildId: number; snapshot: string }[]> {
  const rows = await db.sql
    .selectFrom('attempts')
    .innerJoin('builds', 'builds.id', 'attempts.build_id')
    .select(['builds.id', 'attempts.inputs'])
    .where('attempts.state', '=', RUNNING)
    .where('builds.target', '=', target)
    .execute();
  return rows.flatMap(({ id, inputs }) => {
    const snapshot = inputs === null ? null : (parsed(inputs) as BuildInputs).snapshot;
    return snapshot === null ? [] : [{ buildId: id, snapshot }];
  });
}

/** A package as somebody asks for it. */
export interface NamedPackage {
  target: string;
  fullName: string;
  sha256: string;
  /** The project that it is of. */
  project: string;
  announcementId: number | null;
  goneAt: number | null;
  /** The snapshots that were made with it: of its build, of pins to it, of its upload. */
  introducedBy: readonly string[];
}

/** The packages of some targets with a full name or a digest, one a target; also those that were removed. */
export async function findPackages(db: DbOrTx, targets: readonly string[], named: string): Promise<NamedPackage[]> {
  const rows = await db.sql
    .selectFrom('packages')
    .leftJoin('builds', 'builds.id', 'packages.build_id')
    .leftJoin('uploads', 'uploads.id', 'packages.upload_id')
    .where('packages.target', 'in', targets)
    .where(/^[0-9a-f]{64}$/.test(named) ? 'packages.sha256' : 'packages.full_name', '=', named)
    .select(['packages.target', 'packages.full_name', 'packages.sha256', 'packages.build_id'])
    .select(['packages.announcement_id', 'packages.gone_at', 'uploads.snapshot'])
    .select(({ fn }) => fn.coalesce('builds.project', 'uploads.project').as('project'))
    .orderBy('packages.target')
    .execute();
  const found: NamedPackage[] = [];
  for (const row of rows) {
    const made = row.build_id === null ? [] : await listSnapshotsOfBuild(db, row.build_id);
    const hashes = made.filter(({ target }) => target === row.target).map(({ hash }) => hash);
    found.push({
      target: row.target,
      fullName: row.full_name,
      sha256: row.sha256,
      project: row.project ?? '',
      announcementId: row.announcement_id,
      goneAt: row.gone_at,
      introducedBy: row.snapshot === null ? hashes : [...hashes, row.snapshot],
    });
  }
  return found;
}
