import { sql } from 'kysely';
import { expect, it, onTestFinished } from 'vitest';
import {
  findPackagesNamed,
  findUpload,
  insertPackages,
  insertUpload,
  listPackages,
  listUploads,
  openDatabase,
  searchPackages,
  type Db,
  type NewPackage,
} from '../../src/db/index.ts';
import { createDb } from '../../src/db/database.ts';
import { migrate } from '../../src/db/migrate.ts';
import { MIGRATIONS } from '../../src/db/migrations/index.ts';
import { openPostgres } from '../../src/db/postgres.ts';
import { openSqlite } from '../../src/db/sqlite.ts';
import { sha256 } from '../../src/lib/index.ts';
import { describeEngines } from '../databases.ts';
import { NOON } from './samples.ts';

const upload = {
  ...{ target: 'sample', project: 'tool', files: ['tool-1-1.rpm'], snapshot: sha256('snapshot') },
  ...{ actor: 'ada', reason: 'the vendor has no sources', logs: '/logs', createdAt: NOON },
};

function uploaded(uploadId: number, fullName: string, content = fullName): NewPackage {
  return {
    ...{ target: 'sample', buildId: null, attemptId: null, uploadId, name: 'tool', fullName },
    ...{ fileName: `${fullName}.rpm`, arch: 'noarch', kind: 'binary' as const, size: 1, companions: [] },
    ...{ sha256: sha256(content), unsignedSha256: sha256(content) },
  };
}

describeEngines('uploads', (fresh, engine) => {
  const opened = async () => (await fresh()).open();

  it('are kept, and are what their packages come from', async () => {
    const db = await opened();
    const made = await insertUpload(db, upload);
    expect(await findUpload(db, made.id)).toEqual({ ...upload, id: made.id });
    expect(await findUpload(db, made.id + 1)).toBeNull();
    const second = await insertUpload(db, upload);
    expect((await listUploads(db, 'sample')).map(({ id }) => id)).toEqual([second.id, made.id]);
    const [stored] = await insertPackages(db, [uploaded(made.id, 'tool-1-1.noarch')], NOON);
    expect(stored).toMatchObject({ buildId: null, attemptId: null, uploadId: made.id });
    // The same file once more stays what first brought it; another one of that name is refused.
    expect(await insertPackages(db, [uploaded(second.id, 'tool-1-1.noarch')], NOON)).toEqual([stored]);
    await expect(insertPackages(db, [uploaded(second.id, 'tool-1-1.noarch', 'other')], NOON)).rejects.toMatchObject({
      code: 'repository_conflict',
      message: expect.stringContaining(`upload ${made.id} published another file`) as string,
    });
  });

  it('are the only packages without a build', async () => {
    const db = await opened();
    const { id } = await insertUpload(db, upload);
    for (const wrong of [{ uploadId: null }, { buildId: 1, attemptId: 1 }, { attemptId: 1 }])
      await expect(insertPackages(db, [{ ...uploaded(id, 'tool-1-1.noarch'), ...wrong }], NOON)).rejects.toThrow();
  });

  it('are found by name, full name and digest', async () => {
    const db = await opened();
    const { id } = await insertUpload(db, upload);
    const [one, two] = await insertPackages(
      db,
      [uploaded(id, 'tool-1-1.noarch'), uploaded(id, 'tool-2-1.noarch')],
      NOON,
    );
    expect(await searchPackages(db, 'tool')).toEqual([two, one]);
    expect(await searchPackages(db, 'tool-1-1.noarch')).toEqual([one]);
    expect(await searchPackages(db, one?.sha256.slice(0, 8) ?? '')).toEqual([one]);
    for (const none of ['too', one?.sha256.slice(0, 7) ?? '', '%']) expect(await searchPackages(db, none)).toEqual([]);
    expect(await findPackagesNamed(db, 'sample', ['tool-2-1.noarch', 'tool-9-1.noarch'])).toEqual([two]);
  });

  it('come to a database that has packages already', async () => {
    const database = await fresh({ empty: true });
    const before = createDb(
      engine === 'sqlite' ? openSqlite(new URL(database.url).pathname, 'write') : openPostgres(database.url, 'write'),
      'write',
    );
    await migrate(
      before,
      MIGRATIONS.filter(({ number }) => number < 4),
    );
    const { id, attempt } = await olderRows(before);
    await before.close();
    const db = await openDatabase({ url: database.url, mode: 'write' });
    onTestFinished(() => db.close());
    expect(await listPackages(db, [id])).toMatchObject([
      { buildId: id, attemptId: attempt, uploadId: null, fullName: 'tool-1-1.noarch', size: 5 },
    ]);
    const made = await insertUpload(db, upload);
    expect(await insertPackages(db, [uploaded(made.id, 'tool-2-1.noarch')], NOON)).toMatchObject([{ id: 2 }]);
  });
});

/** A build, an attempt and a package as the first version of this program wrote them. */
async function olderRows(db: Db): Promise<{ id: number; attempt: number }> {
  const text = sql.lit('x');
  await sql`insert into revisions (project, format, upstream_hash, upstream_info, distgit_hash, distgit_info, sequence, created_at)
    values (${text}, 'rpm', 'a', '{}', 'b', '{}', 1, 1)`.execute(db.sql);
  await sql`insert into builds (project, target, revision_id, sequence, state, created_at)
    values (${text}, 'sample', 1, 1, 'pending', 1)`.execute(db.sql);
  await sql`insert into attempts (build_id, number, kind, rebuild, retries, priority, commit_time, state, lease, not_before_at, created_at, timings)
    values (1, 1, 'initial', 0, 0, 0, 1, 'pending', 0, 0, 1, '{}')`.execute(db.sql);
  await sql`insert into packages (target, build_id, attempt_id, name, full_name, file_name, arch, kind, sha256, unsigned_sha256, size, companions, created_at)
    values ('sample', 1, 1, 'tool', 'tool-1-1.noarch', 'tool.rpm', 'noarch', 'binary', 'c', 'c', 5, '[]', 1)`.execute(
    db.sql,
  );
  return { id: 1, attempt: 1 };
}
