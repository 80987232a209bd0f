import { TrunklineError } from '../lib/index.ts';
import { inTransaction, type Db, type DbOrTx } from './database.ts';
import { MIGRATIONS } from './migrations/index.ts';
import type { Migration } from './migrations/migration.ts';

/**
 * Brings the schema up to date, in one transaction: an interrupted migration has not happened. Of two programs that start at once one migrates
 * while the other waits. Answers the names of what it applied: empty when there was nothing to do or the other one did it.
 * @throws TrunklineError `unsupported` when the database is newer than this program.
 */
export async function migrate(db: Db, migrations: readonly Migration[] = MIGRATIONS): Promise<string[]> {
  const latest = latestOf(migrations);
  if (refuseNewer(await schemaNumber(db), latest, db) === latest) return [];
  return inTransaction(db, async (tx) => {
    await tx.adapter.lockMigrations(tx.sql);
    const present = refuseNewer(await schemaNumber(tx), latest, db);
    const due = migrations.filter(({ number }) => number > present);
    for (const migration of due) {
      const { number, name } = migration;
      await migration.up(tx.sql, tx.adapter.columns);
      await tx.sql.insertInto('migrations').values({ number, name, applied_at: Date.now() }).execute();
    }
    return due.map(({ name }) => name);
  });
}

/** @throws TrunklineError `unsupported` when the schema is not the one this program reads. */
export async function checkSchema(db: Db, migrations: readonly Migration[] = MIGRATIONS): Promise<void> {
  const latest = latestOf(migrations);
  const present = refuseNewer(await schemaNumber(db), latest, db);
  if (present < latest)
    throw new TrunklineError(
      'unsupported',
      `The database ${db.place} has schema ${present}, this program reads ${latest}`,
      {
        where: db.place,
        hint: 'a command that writes, such as `trunkline run`, brings it up to date',
      },
    );
}

/** The number of the last migration applied; 0 for a database with nothing of ours in it. */
async function schemaNumber(db: DbOrTx): Promise<number> {
  if (!(await db.adapter.hasTable(db.sql, 'migrations'))) return 0;
  const row = await db.sql
    .selectFrom('migrations')
    .select(({ fn }) => fn.max('number').as('number'))
    .executeTakeFirst();
  return row?.number ?? 0;
}

function latestOf(migrations: readonly Migration[]): number {
  return migrations.at(-1)?.number ?? 0;
}

function refuseNewer(present: number, latest: number, db: Db): number {
  if (present <= latest) return present;
  throw new TrunklineError(
    'unsupported',
    `The database ${db.place} was written by a newer trunkline: it has schema ${present}, this program knows ${latest}`,
    { where: db.place, hint: 'upgrade this trunkline, or restore the backup made before the other one was upgraded' },
  );
}
