import { join } from 'node:path';
import Database from 'better-sqlite3';
import pg from 'pg';
import { expect } from 'vitest';

/** Runs a statement that both engines understand, past everything of ours. */
export type Query = (text: string) => Promise<unknown[]>;

/** Asks the database of a deployment without one of its own: an SQLite file in its data directory. */
export const sqliteQuery =
  (dataDir: string): Query =>
  (text) => {
    const database = new Database(join(dataDir, 'trunkline.sqlite'), { readonly: true });
    try {
      return Promise.resolve(database.prepare(text).all());
    } finally {
      database.close();
    }
  };

export const postgresQuery =
  (url: string): Query =>
  async (text) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  };

/** When nothing is left to do: nothing twice, nothing half, nobody who holds anything. Each package comes with its source package. */
export async function checkRecords(query: Query): Promise<void> {
  const perBuild = 'SELECT build_id, count(*) AS n FROM packages GROUP BY build_id';
  const twice = 'HAVING count(*) > 1';
  for (const text of [
    `SELECT revision_id, target FROM builds GROUP BY 1, 2 ${twice}`,
    `SELECT target, full_name FROM packages GROUP BY 1, 2 ${twice}`,
    `SELECT id FROM builds WHERE result = 'success' AND id NOT IN (SELECT build_id FROM packages)`,
    `SELECT build_id FROM (${perBuild}) AS counted WHERE n <> 2`,
    'SELECT build_id FROM packages GROUP BY 1 HAVING count(DISTINCT attempt_id) > 1',
    `SELECT build_id FROM attempts WHERE result = 'success' GROUP BY 1 ${twice}`,
    `SELECT id FROM builds WHERE state <> 'finished'`,
    `SELECT id FROM attempts WHERE state <> 'finished' OR lease_expires_at IS NOT NULL`,
    'SELECT id FROM outbox WHERE delivered_at IS NULL',
  ])
    expect({ text, rows: await query(text) }).toEqual({ text, rows: [] });
}
