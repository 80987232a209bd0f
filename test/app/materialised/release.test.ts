import { expect, it } from 'vitest';
import { materialiseSnapshot, releaseSnapshots } from '../../../src/app/materialised/index.ts';
import type { TrunkContext } from '../../../src/builds/index.ts';
import { insertHold, insertSnapshot, listAudit, moveRef, updateBuild, type Db } from '../../../src/db/index.ts';
import { createMutexes, sha256 } from '../../../src/lib/index.ts';
import type { Settings, Target } from '../../../src/model/index.ts';
import { claim, enqueue, finishAttempt, leaseOf, recordProgress } from '../../../src/queue/index.ts';
import type { Repository } from '../../../src/repos/index.ts';
import { describeEngines } from '../../databases.ts';
import { build, NOON } from '../../db/samples.ts';

const TARGET = 'fedora-43-x86_64';
const GRACE = 3600;
const LATER = NOON + GRACE * 1000;

/** A context whose snapshots are names with the times at which their files were asked for. */
function contextOf(db: Db) {
  const clock = { now: LATER };
  const files = new Map<string, number>();
  const journal: string[] = [];
  const note = (what: string) => Promise.resolve(void journal.push(what));
  const repository = {
    url: 'http://example.org/t',
    materialised: () => Promise.resolve([...files.keys()]),
    materialisedAt: (hash: string) => Promise.resolve(files.get(hash) ?? null),
    isMaterialised: (hash: string) => Promise.resolve(files.has(hash)),
    materialise: (hash: string, time: number) => {
      files.set(hash, clock.now);
      return note(`make ${hash.slice(0, 4)} of ${String(time)}`);
    },
    dematerialise: (hash: string) => {
      files.delete(hash);
      return note(`take ${hash.slice(0, 4)}`);
    },
    closeBuildDirectory: () => note('close'),
    writeBuildDirectory: ({ snapshot }: { snapshot: string }) => note(`open ${snapshot.slice(0, 4)}`),
    sweepIndices: () => note('sweep').then(() => 0),
  } as unknown as Repository;
  const warned: string[] = [];
  const context = {
    settings: {
      ...{
        file: 'x.yaml',
        dataDir: '/data',
        baseUrl: 'http://example.org/repos',
        materialised: { keepLast: 2, grace: GRACE },
        gc: { keepPromotions: 1 },
      },
      ...{ targets: [{ name: TARGET, format: 'rpm' }], projects: [] },
    } as unknown as Settings,
    ...{ db, mutexes: createMutexes(), now: () => clock.now, repository: () => repository },
    log: { warn: (_: object, message: string) => void warned.push(message) },
  } as unknown as TrunkContext;
  return { context, files, journal, clock, warned, repository };
}

/** Snapshots with files, made a minute after each other; the last two are the newest. */
async function snapshots(db: Db, files: Map<string, number>, count: number): Promise<string[]> {
  const hashes = Array.from({ length: count }, (_, n) => sha256(String(n)));
  for (const [n, hash] of hashes.entries()) {
    const record = { target: TARGET, hash, parentHash: null, buildId: null, packageCount: 1, indexTime: 7 };
    await insertSnapshot(db, { ...record, createdAt: NOON + n });
    files.set(hash, NOON);
  }
  return hashes;
}

const move = { target: TARGET, actor: 'system', reason: 'x' };

describeEngines('the files of old snapshots', (fresh) => {
  const prepared = async (count: number) => {
    const db = await (await fresh()).open();
    const world = contextOf(db);
    return { db, hashes: await snapshots(db, world.files, count), ...world };
  };

  it('go, but for the newest, and what something needs', async () => {
    const { db, hashes, context, files, journal } = await prepared(9);
    const [, ref, left, held, running, success, young = ''] = hashes;
    await moveRef(db, { ...move, name: 'tested', to: ref ?? '', now: NOON });
    await moveRef(db, { ...move, name: 'other', to: left ?? '', now: NOON });
    await moveRef(db, { ...move, name: 'other', to: ref ?? '', now: LATER - 1 });
    await insertHold(db, { target: TARGET, snapshotHash: held ?? '', actor: 'a', reason: 'b', until: null, now: NOON });
    const one = await build(db, 'a');
    await enqueue(db, one, { now: NOON });
    const attempt = await claim(db, { worker: 'w', now: NOON, leaseMs: 1, filter: { buildIds: [one.id] } });
    if (attempt === null) throw new Error('nothing to claim');
    await recordProgress(db, leaseOf(attempt), { inputs: { snapshot: running } as never });
    const two = await build(db, 'b', { project: 'other' });
    await enqueue(db, two, { now: NOON });
    const done = await claim(db, { worker: 'w', now: NOON, leaseMs: 1, filter: { buildIds: [two.id] } });
    if (done === null) throw new Error('nothing to claim');
    const result = { result: 'success', reason: null, detail: null, snapshot: success ?? '' } as const;
    await finishAttempt(db, leaseOf(done), { ...result, inputs: { version: null } as never }, NOON);
    files.set(young, NOON + 1);
    // Written by a process that was killed before it recorded it.
    const unrecorded = sha256('unrecorded');
    files.set(unrecorded, NOON);
    const gone = [hashes[0], unrecorded];
    expect(await releaseSnapshots(context)).toEqual([{ target: TARGET, snapshots: gone }]);
    expect([...files.keys()].sort()).toEqual(hashes.slice(1).sort());
    expect(journal).toEqual([...gone.map((hash) => `take ${hash?.slice(0, 4) ?? ''}`), 'sweep']);
    expect(await releaseSnapshots(context)).toEqual([]);
  });

  it('go after the links of builds to them, and are made again with them', async () => {
    const { db, hashes, context, clock, files, journal } = await prepared(3);
    const [old = ''] = hashes;
    const made = await build(db, 'a');
    await updateBuild(db, made.id, { snapshot: old });
    const name = old.slice(0, 4);
    await releaseSnapshots(context);
    expect(journal.splice(0)).toEqual(['close', `take ${name}`, 'sweep']);
    clock.now += 1;
    const again = { target: { name: TARGET, format: 'rpm' } as Target, name: old.slice(0, 8) };
    expect(await materialiseSnapshot(context, again, { actor: 'ada' })).toEqual({
      ...{ target: TARGET, snapshot: old, wasThere: false, until: clock.now + GRACE * 1000 },
      ...{
        directory: `/data/repos/${TARGET}/snapshots/${old}`,
        url: `http://example.org/repos/${TARGET}/snapshots/${old}/`,
      },
    });
    expect(journal.splice(0)).toEqual([`make ${name} of 7`, `open ${name}`]);
    expect(await listAudit(db)).toMatchObject([{ actor: 'ada', action: 'materialise' }]);
    clock.now += GRACE * 1000 - 1;
    await releaseSnapshots(context);
    expect(files.has(old)).toBe(true);
    clock.now += 1;
    await releaseSnapshots(context);
    expect(files.has(old)).toBe(false);
    await db.sql.updateTable('snapshots').set({ gone_at: NOON }).where('hash', '=', old).execute();
    await expect(materialiseSnapshot(context, again, { actor: 'ada' })).rejects.toThrow('was removed on');
  });

  it('stay where they cannot be removed, which is said', async () => {
    const { context, repository, warned } = await prepared(3);
    repository.dematerialise = () => Promise.reject(new Error('read-only file system'));
    expect(await releaseSnapshots(context)).toEqual([]);
    expect(warned).toEqual([expect.stringContaining('read-only file system')]);
  });

  it('cost a look into a directory where there are few', async () => {
    const { context } = await prepared(2);
    const untouched = new Proxy({} as Db, {
      get: () => {
        throw new Error('the database was asked');
      },
    });
    expect(await releaseSnapshots({ ...context, db: untouched })).toEqual([]);
  });
});
