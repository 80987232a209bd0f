import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, onTestFinished } from 'vitest';
import { openDatabase, sqliteUrl, type Db, type OpenMode } from '../src/db/index.ts';
import { createPostgresDatabase } from './postgres.ts';

export const ENGINES = ['sqlite', 'postgres'] as const;
export type EngineName = (typeof ENGINES)[number];

/** A database of its own for one test. */
export interface TestDatabase {
  engine: EngineName;
  url: string;
  /** Opens it once more, as another process would. Closed with the rest. */
  open(mode?: OpenMode): Promise<Db>;
  /** Closes what was opened and removes the database. */
  remove(): Promise<void>;
}

export async function createTestDatabase(engine: EngineName, { empty = false } = {}): Promise<TestDatabase> {
  const place = engine === 'sqlite' ? await createSqliteDatabase() : await createPostgresDatabase(empty);
  const opened: Db[] = [];
  return {
    engine,
    url: place.url,
    async open(mode = 'write') {
      const db = await openDatabase({ url: place.url, mode });
      opened.push(db);
      return db;
    },
    async remove() {
      for (const db of opened) await db.close();
      await place.drop();
    },
  };
}

async function createSqliteDatabase(): Promise<{ url: string; drop: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'trunkline-sqlite-'));
  return {
    url: sqliteUrl(join(directory, 'trunkline.db')),
    drop: () => rm(directory, { recursive: true, force: true }),
  };
}

/**
 * The same suite over every engine. `fresh` makes a database with our schema, `fresh({ empty: true })` one with nothing in it; it is removed
 * when the test that asked for it ends.
 */
export function describeEngines(
  title: string,
  suite: (fresh: (options?: { empty?: boolean }) => Promise<TestDatabase>, engine: EngineName) => void,
): void {
  describe.each(ENGINES)(`${title} (%s)`, (engine) => {
    suite(async (options) => {
      const database = await createTestDatabase(engine, options);
      onTestFinished(() => database.remove());
      return database;
    }, engine);
  });
}
