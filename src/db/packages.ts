import type { Selectable } from 'kysely';
import { TrunklineError } from '../lib/index.ts';
import type { PublishedPackage } from '../model/index.ts';
import type { DbOrTx } from './database.ts';
import type { PackagesTable } from './schema.ts';
import { ofOne } from './seek.ts';
import { parsed } from './text.ts';

export type NewPackage = Omit<PublishedPackage, 'id' | 'createdAt'>;

/**
 * Records what a build or an upload published. The same file of the same build again is taken as said before: a publication that was interrupted is
 * repeated. So is a file that is uploaded again; it stays what first brought it.
 * @throws TrunklineError `repository_conflict` when the target has another file of that full name, which would change what snapshots say
 */
export async function insertPackages(
  db: DbOrTx,
  packages: readonly NewPackage[],
  now: number,
): Promise<PublishedPackage[]> {
  const inserted: PublishedPackage[] = [];
  for (const item of packages) inserted.push(await insertPackage(db, item, now));
  return inserted;
}

async function insertPackage(db: DbOrTx, item: NewPackage, now: number): Promise<PublishedPackage> {
  const row = await db.sql
    .insertInto('packages')
    .values({
      target: item.target,
      build_id: item.buildId,
      attempt_id: item.attemptId,
      upload_id: item.uploadId,
      name: item.name,
      full_name: item.fullName,
      file_name: item.fileName,
      arch: item.arch,
      kind: item.kind,
      sha256: item.sha256,
      unsigned_sha256: item.unsignedSha256,
      size: item.size,
      companions: JSON.stringify(item.companions),
      created_at: now,
    })
    .onConflict((conflict) => conflict.columns(['target', 'full_name']).doNothing())
    .returningAll()
    .executeTakeFirst();
  if (row !== undefined) return toPackage(row);
  const known = await findPackage(db, item.target, item.fullName);
  if (known?.sha256 === item.sha256 && (known.buildId === item.buildId || item.uploadId !== null)) {
    // One that had been removed, or was to be, is there again.
    const back = { gone_at: null, announcement_id: null };
    await db.sql.updateTable('packages').set(back).where('id', '=', known.id).execute();
    return known;
  }
  throw new TrunklineError(
    'repository_conflict',
    `${item.fullName} is already in ${item.target}: ${originOf(known)} published another file of that name`,
    { hint: 'a version names one file for ever: raise the version, release or epoch in the packaging' },
  );
}

/** Where a package comes from, for people. */
export function originOf(known: Pick<PublishedPackage, 'buildId' | 'uploadId'> | null): string {
  return known?.uploadId ? `upload ${known.uploadId}` : `build ${known?.buildId ?? 0}`;
}

export async function findPackage(db: DbOrTx, target: string, fullName: string): Promise<PublishedPackage | null> {
  const row = await db.sql
    .selectFrom('packages')
    .selectAll()
    .where('target', '=', target)
    .where('full_name', '=', fullName)
    .executeTakeFirst();
  return row === undefined ? null : toPackage(row);
}

/** The packages of one build or several, by build and then by name; those of an earlier forced rebuild too. */
export async function listPackages(db: DbOrTx, buildIds: readonly number[]): Promise<PublishedPackage[]> {
  if (buildIds.length === 0) return [];
  const rows = await db.sql
    .selectFrom('packages')
    .selectAll()
    .where('build_id', 'in', buildIds)
    .orderBy('build_id')
    .orderBy('attempt_id')
    .orderBy('full_name')
    .execute();
  return rows.map(toPackage);
}

/** What one attempt published. */
export async function listAttemptPackages(db: DbOrTx, attemptId: number): Promise<PublishedPackage[]> {
  const rows = await db.sql
    .selectFrom('packages')
    .selectAll()
    .where('attempt_id', '=', attemptId)
    .orderBy('full_name')
    .execute();
  return rows.map(toPackage);
}

/** The packages with a digest: one for each target that has it. */
export async function findPackagesByDigest(db: DbOrTx, sha256: string): Promise<PublishedPackage[]> {
  const rows = await db.sql.selectFrom('packages').selectAll().where('sha256', '=', sha256).orderBy('target').execute();
  return rows.map(toPackage);
}

/** What a target has ever had under some full names. */
export async function findPackagesNamed(
  db: DbOrTx,
  target: string,
  fullNames: readonly string[],
): Promise<PublishedPackage[]> {
  const found: PublishedPackage[] = [];
  // SQLite takes 32,766 values in one statement.
  for (let start = 0; start < fullNames.length; start += 10_000) {
    const some = fullNames.slice(start, start + 10_000);
    const packages = db.sql.selectFrom('packages').selectAll().where('target', '=', target);
    found.push(...(await packages.where('full_name', 'in', some).execute()).map(toPackage));
  }
  return found;
}

/** Packages of a name, a full name, or a digest that begins with these digits (eight at least), by target, the last published first. */
export async function searchPackages(db: DbOrTx, which: string): Promise<PublishedPackage[]> {
  const digest = /^[0-9a-f]{8,64}$/.test(which);
  const rows = await db.sql
    .selectFrom('packages')
    .selectAll()
    .where((eb) =>
      eb.or([
        eb('name', '=', which),
        eb('full_name', '=', which),
        ...(digest ? [eb.and([eb('sha256', '>=', which), eb('sha256', '<', `${which}g`)])] : []),
      ]),
    )
    .orderBy('target')
    .orderBy('id', 'desc')
    .execute();
  return rows.map(toPackage);
}

export interface PackageFilter {
  name?: string;
  target?: string;
  /** Only of one of these targets. */
  targets?: readonly string[];
  build?: number;
  sha256?: string;
  /** Only packages published before the one with this id: the next page. */
  before?: number;
  limit: number;
}

/** Packages, the last published first; those that are gone too. */
export async function listPackagesBy(db: DbOrTx, filter: PackageFilter): Promise<PublishedPackage[]> {
  // Not every engine takes an empty list.
  if (filter.targets?.length === 0) return [];
  let query = db.sql.selectFrom('packages').selectAll();
  if (filter.name !== undefined)
    query = query.where(ofOne(db, 'name', filter.name, filter.before)).orderBy('name', 'desc');
  else if (filter.before !== undefined) query = query.where('id', '<', filter.before);
  if (filter.target !== undefined) query = query.where('target', '=', filter.target);
  if (filter.targets !== undefined) query = query.where('target', 'in', filter.targets);
  if (filter.build !== undefined) query = query.where('build_id', '=', filter.build);
  if (filter.sha256 !== undefined) query = query.where('sha256', '=', filter.sha256);
  return (await query.orderBy('id', 'desc').limit(filter.limit).execute()).map(toPackage);
}

/** Packages summed up in one statement: other queries wait for it on SQLite. */
const SUMMED = 20_000;

/** Bytes of the packages of a target that are there, summed up bit by bit. */
export async function sumPackageSizes(db: DbOrTx, target: string): Promise<number> {
  let sum = 0;
  for (let after = 0; ;) {
    const rows = await db.sql
      .selectFrom('packages')
      .select(['id', 'size', 'gone_at'])
      .where('target', '=', target)
      .where('id', '>', after)
      .orderBy('id')
      .limit(SUMMED)
      .execute();
    for (const { size, gone_at: gone } of rows) if (gone === null) sum += size;
    const last = rows.at(-1);
    if (last === undefined || rows.length < SUMMED) return sum;
    after = last.id;
  }
}

/** @throws TrunklineError `not_found` */
export async function requirePackage(db: DbOrTx, id: number): Promise<PublishedPackage> {
  const row = await db.sql.selectFrom('packages').selectAll().where('id', '=', id).executeTakeFirst();
  if (row !== undefined) return toPackage(row);
  throw new TrunklineError('not_found', `There is no package ${id}`, {
    hint: 'the list of packages shows those there are',
  });
}

function toPackage(row: Selectable<PackagesTable>): PublishedPackage {
  return {
    id: row.id,
    target: row.target,
    buildId: row.build_id,
    attemptId: row.attempt_id,
    uploadId: row.upload_id,
    name: row.name,
    fullName: row.full_name,
    fileName: row.file_name,
    arch: row.arch,
    kind: row.kind,
    sha256: row.sha256,
    unsignedSha256: row.unsigned_sha256,
    size: row.size,
    companions: parsed(row.companions) as PublishedPackage['companions'],
    createdAt: row.created_at,
  };
}
