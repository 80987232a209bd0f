import { expect, it } from 'vitest';
import {
  findPackage,
  findPackagesByDigest,
  findRef,
  findSnapshot,
  insertPackages,
  insertSnapshot,
  listAttemptPackages,
  listPackages,
  listRefMoves,
  listRefs,
  listRefsAt,
  listSnapshots,
  listSnapshotsOfBuild,
  moveRef,
  requireSnapshot,
  type Db,
  type NewPackage,
} from '../../src/db/index.ts';
import { enqueue } from '../../src/queue/index.ts';
import { sha256 } from '../../src/lib/index.ts';
import { describeEngines } from '../databases.ts';
import { build, NOON } from './samples.ts';

const TARGET = 'fedora-43-x86_64';

async function sample(
  db: Db,
  fullName: string,
  name = 'a',
): Promise<NewPackage & { buildId: number; attemptId: number }> {
  const { id } = await build(db, name);
  const attempt = await enqueue(db, { id, revisionId: (await build(db, name)).revisionId }, { now: NOON });
  return {
    target: TARGET,
    buildId: id,
    attemptId: attempt.id,
    uploadId: null,
    name: 'tool',
    fullName,
    fileName: `${fullName}.rpm`,
    arch: 'x86_64',
    kind: 'binary',
    sha256: sha256(fullName),
    unsignedSha256: sha256(`${fullName} unsigned`),
    size: 6_000_000_000,
    companions: [{ fileName: 'tool.orig.tar.gz', sha256: sha256('orig'), size: 3 }],
  };
}

describeEngines('what is published', (fresh) => {
  const opened = async () => (await fresh()).open();
  const move = { target: TARGET, name: 'current', actor: 'system', reason: 'build 1', now: NOON };

  async function withSnapshots(...hashes: string[]): Promise<Db> {
    const db = await opened();
    for (const [i, hash] of hashes.entries())
      await insertSnapshot(db, {
        target: TARGET,
        hash,
        parentHash: null,
        buildId: null,
        packageCount: i,
        indexTime: 1_790_000_000,
        createdAt: NOON + i,
      });
    return db;
  }

  it('is recorded as it is, and found again', async () => {
    const db = await opened();
    const item = await sample(db, 'tool-1-1.x86_64');
    const source = { ...item, fullName: 'tool-1-1.src', arch: 'src', kind: 'source' as const, sha256: sha256('s') };
    const stored = await insertPackages(db, [item, source], NOON);
    expect(stored).toEqual([item, source].map((one, i) => ({ ...one, id: stored[i]?.id, createdAt: NOON })));
    expect(await listPackages(db, [item.buildId, 999])).toEqual([stored[1], stored[0]]);
    expect(await listPackages(db, [])).toEqual([]);
    expect(await listAttemptPackages(db, item.attemptId)).toHaveLength(2);
    expect(await findPackage(db, TARGET, item.fullName)).toEqual(stored[0]);
    expect(await findPackagesByDigest(db, item.sha256)).toEqual([stored[0]]);
  });

  it('may be said twice, and never names another file', async () => {
    const db = await opened();
    const item = await sample(db, 'tool-1-1.x86_64');
    const [first] = await insertPackages(db, [item], NOON);
    expect(await insertPackages(db, [item], NOON + 1)).toEqual([first]);
    const conflict = {
      code: 'repository_conflict',
      message: expect.stringContaining(`build ${item.buildId}`) as string,
    };
    await expect(insertPackages(db, [{ ...item, sha256: sha256('other') }], NOON)).rejects.toMatchObject(conflict);
    const theirs = await sample(db, item.fullName, 'b');
    await expect(insertPackages(db, [theirs], NOON)).rejects.toMatchObject(conflict);
    expect(await insertPackages(db, [{ ...theirs, target: 'other' }], NOON)).toHaveLength(1);
  });

  it('is recorded whole or not at all', async () => {
    const db = await opened();
    const item = await sample(db, 'tool-1-1.x86_64');
    await insertPackages(db, [item], NOON);
    const clash = { ...item, sha256: sha256('other') };
    const fine = { ...item, fullName: 'tool-doc-1-1.noarch' };
    await expect(db.transaction((tx) => insertPackages(tx, [fine, clash], NOON))).rejects.toThrow('already in');
    expect(await findPackage(db, TARGET, fine.fullName)).toBeNull();
  });

  it('stands in snapshots, each recorded once', async () => {
    const db = await opened();
    const { id } = await build(db, 'a');
    const first = {
      target: TARGET,
      hash: 'aa',
      parentHash: null,
      buildId: null,
      packageCount: 0,
      indexTime: 1_790_000_000,
      createdAt: NOON,
    };
    const second = {
      target: TARGET,
      hash: 'bb',
      parentHash: 'aa',
      buildId: id,
      packageCount: 2,
      indexTime: 1_790_000_000,
      createdAt: NOON + 1,
    };
    expect(await insertSnapshot(db, first)).toEqual({ inserted: true });
    expect(await insertSnapshot(db, second)).toEqual({ inserted: true });
    expect(await insertSnapshot(db, { ...second, parentHash: 'zz', createdAt: 1 })).toEqual({ inserted: false });
    const there = { announcementId: null, goneAt: null };
    expect(await findSnapshot(db, TARGET, 'bb')).toEqual({ ...second, ...there });
    expect(await findSnapshot(db, 'other', 'bb')).toBeNull();
    expect((await listSnapshots(db, TARGET)).map(({ hash }) => hash)).toEqual(['bb', 'aa']);
    expect((await listSnapshots(db, TARGET, { before: second })).map(({ hash }) => hash)).toEqual(['aa']);
    expect(await listSnapshotsOfBuild(db, id)).toMatchObject([second]);
    // One that was removed is there again when it is made again.
    await db.sql.updateTable('snapshots').set({ gone_at: NOON }).where('hash', '=', 'bb').execute();
    expect((await listSnapshots(db, TARGET)).map(({ hash }) => hash)).toEqual(['aa']);
    expect(await insertSnapshot(db, { ...second, createdAt: NOON + 9 })).toEqual({ inserted: true });
    expect(await findSnapshot(db, TARGET, 'bb')).toEqual({ ...second, ...there, createdAt: NOON + 9 });
  });

  it('has snapshots that are found by the beginning of their hash', async () => {
    const [one, two] = ['0123456789'.padEnd(64, 'a'), '01234567ff'.padEnd(64, 'f')];
    const db = await withSnapshots(one, two);
    expect(await requireSnapshot(db, TARGET, '0123456789')).toMatchObject({ hash: one });
    expect(await requireSnapshot(db, TARGET, two.toUpperCase())).toMatchObject({ hash: two });
    for (const [prefix, code] of [
      ['01234567', 'invalid_argument'],
      ['0123456', 'invalid_argument'],
      ['0123456x', 'invalid_argument'],
      [`${one}0`, 'invalid_argument'],
      ['99999999', 'not_found'],
    ])
      await expect(requireSnapshot(db, TARGET, prefix ?? '')).rejects.toMatchObject({ code });
    await expect(requireSnapshot(db, 'other', one)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is pointed at by refs, whose every move stays known', async () => {
    const db = await withSnapshots('aa', 'bb');
    expect(await moveRef(db, { ...move, to: 'aa' })).toMatchObject({ fromHash: null, toHash: 'aa' });
    expect(await moveRef(db, { ...move, to: 'aa', now: NOON + 1 })).toBeNull();
    await moveRef(db, { ...move, to: 'bb', from: 'aa', now: NOON + 2, reason: 'build 2' });
    await moveRef(db, { ...move, name: 'consistent', to: 'bb' });
    expect(await findRef(db, TARGET, 'current')).toEqual({
      target: TARGET,
      name: 'current',
      snapshotHash: 'bb',
      movedAt: NOON + 2,
    });
    expect((await listRefs(db)).map(({ name }) => name)).toEqual(['consistent', 'current']);
    expect(await listRefs(db, 'other')).toEqual([]);
    expect((await listRefsAt(db, TARGET, ['bb', 'cc'])).map(({ name }) => name)).toEqual(['consistent', 'current']);
    expect(await listRefsAt(db, TARGET, [])).toEqual([]);
    expect(await listRefMoves(db, TARGET, 'current')).toMatchObject([
      { fromHash: 'aa', toHash: 'bb', actor: 'system', reason: 'build 2', movedAt: NOON + 2 },
      { fromHash: null, toHash: 'aa', reason: 'build 1', movedAt: NOON },
    ]);
  });

  it('is not moved by one who believes it elsewhere, nor to what does not exist', async () => {
    const db = await withSnapshots('aa', 'bb');
    const conflict = { code: 'repository_conflict' };
    await expect(moveRef(db, { ...move, to: 'bb', from: 'aa' })).rejects.toMatchObject(conflict);
    expect(await findRef(db, TARGET, 'current')).toBeNull();
    await moveRef(db, { ...move, to: 'aa', from: null });
    await expect(moveRef(db, { ...move, to: 'bb', from: null })).rejects.toMatchObject(conflict);
    await expect(moveRef(db, { ...move, to: 'nowhere' })).rejects.toThrow(/foreign key/i);
    expect(await listRefMoves(db, TARGET, 'current')).toHaveLength(1);
  });

  it('is moved by one of several at a time', async () => {
    const database = await fresh();
    const db = await database.open();
    const hashes = Array.from({ length: 12 }, (_, i) => `${i}`.padStart(2, '0'));
    for (const hash of ['start', ...hashes])
      await insertSnapshot(db, {
        target: TARGET,
        hash,
        parentHash: null,
        buildId: null,
        packageCount: 0,
        indexTime: 1_790_000_000,
        createdAt: NOON,
      });
    await moveRef(db, { ...move, to: 'start' });
    const moves = await Promise.allSettled(hashes.map((to) => moveRef(db, { ...move, to, from: 'start' })));
    expect(moves.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await listRefMoves(db, TARGET, 'current')).toHaveLength(2);
  });
});
