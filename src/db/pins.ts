import type { Selectable } from 'kysely';
import type { DbOrTx } from './database.ts';
import type { PinsTable } from './schema.ts';
import { storable, storableOrNull } from './text.ts';

/** A project that stays at what one attempt published on a target. */
export interface Pin {
  id: number;
  target: string;
  project: string;
  attemptId: number;
  reason: string;
  actor: string;
  createdAt: number;
  /** When it ends by itself, or null. */
  until: number | null;
  endedAt: number | null;
}

export type NewPin = Pick<Pin, 'target' | 'project' | 'attemptId' | 'reason' | 'actor' | 'until'> & { now: number };

/** Pins a project on a target; in place of the pin it has, which ends. */
export async function insertPin(db: DbOrTx, pin: NewPin): Promise<Pin> {
  await endPin(db, pin, { actor: pin.actor, reason: 'pinned anew', now: pin.now });
  const row = await db.sql
    .insertInto('pins')
    .values({
      target: pin.target,
      project: pin.project,
      attempt_id: pin.attemptId,
      reason: storable(pin.reason),
      actor: storable(pin.actor, 500),
      created_at: pin.now,
      until_at: pin.until,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return toPin(row);
}

/** @returns the pin that was ended, or null when there was none */
export async function endPin(
  db: DbOrTx,
  { target, project }: Pick<Pin, 'target' | 'project'>,
  end: { actor: string; reason: string | null; now: number },
): Promise<Pin | null> {
  const row = await db.sql
    .updateTable('pins')
    .set({ ended_at: end.now, ended_by: storable(end.actor, 500), ended_reason: storableOrNull(end.reason) })
    .where('target', '=', target)
    .where('project', '=', project)
    .where('ended_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : toPin(row);
}

export interface PinFilter {
  target?: string;
  project?: string;
  /** Only those that hold at this moment; without it, those whose time has passed and that nobody has ended, too. */
  at?: number;
}

/** The pins there are, by project and target. */
export async function listPins(db: DbOrTx, { target, project, at }: PinFilter = {}): Promise<Pin[]> {
  let query = db.sql.selectFrom('pins').selectAll().where('ended_at', 'is', null);
  if (target !== undefined) query = query.where('target', '=', target);
  if (project !== undefined) query = query.where('project', '=', project);
  if (at !== undefined) query = query.where((eb) => eb.or([eb('until_at', 'is', null), eb('until_at', '>', at)]));
  return (await query.orderBy('project').orderBy('target').execute()).map(toPin);
}

/** What a project published on a target, one line an attempt, the newest first: in history order, then as they were tried. */
export interface PublishedVersion {
  buildId: number;
  attemptId: number;
  /** The place of its revision in the project's history. */
  sequence: number;
  upstreamHash: string;
  /** Of the source package: what the version is read from. */
  name: string;
  arch: string;
  fullName: string;
  /** When its packages were removed, or null. */
  goneAt: number | null;
}

export async function listPublishedVersions(db: DbOrTx, project: string, target: string): Promise<PublishedVersion[]> {
  const rows = await versions(db)
    .where('builds.project', '=', project)
    .where('builds.target', '=', target)
    .orderBy('builds.sequence', 'desc')
    .orderBy('attempts.id', 'desc')
    .execute();
  return rows.map(toVersion);
}

/** What some attempts published, one line each; those that published nothing are left out. */
export async function listVersionsOf(db: DbOrTx, attemptIds: readonly number[]): Promise<PublishedVersion[]> {
  const found: PublishedVersion[] = [];
  // SQLite takes 32,766 values in one statement.
  for (let start = 0; start < attemptIds.length; start += 10_000) {
    const some = attemptIds.slice(start, start + 10_000);
    found.push(...(await versions(db).where('attempts.id', 'in', some).execute()).map(toVersion));
  }
  return found;
}

function versions(db: DbOrTx) {
  return db.sql
    .selectFrom('builds')
    .innerJoin('packages', 'packages.build_id', 'builds.id')
    .innerJoin('attempts', 'attempts.id', 'packages.attempt_id')
    .innerJoin('revisions', 'revisions.id', 'builds.revision_id')
    .where('packages.kind', '=', 'source')
    .select([
      'builds.id as build_id',
      'attempts.id as attempt_id',
      'packages.name',
      'packages.arch',
      'packages.full_name',
    ])
    .select(['packages.gone_at', 'builds.sequence', 'revisions.upstream_hash']);
}

type VersionRow = Awaited<ReturnType<ReturnType<typeof versions>['execute']>>[number];

function toVersion(row: VersionRow): PublishedVersion {
  return {
    buildId: row.build_id,
    attemptId: row.attempt_id,
    sequence: row.sequence,
    upstreamHash: row.upstream_hash,
    name: row.name,
    arch: row.arch,
    fullName: row.full_name,
    goneAt: row.gone_at,
  };
}

function toPin(row: Selectable<PinsTable>): Pin {
  return {
    id: row.id,
    target: row.target,
    project: row.project,
    attemptId: row.attempt_id,
    reason: row.reason,
    actor: row.actor,
    createdAt: row.created_at,
    until: row.until_at,
    endedAt: row.ended_at,
  };
}
