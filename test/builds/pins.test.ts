import { expect, it } from 'vitest';
import { endPassedPins, pinProject, pinsOf, unpinProject, type TrunkContext } from '../../src/builds/index.ts';
import {
  findRef,
  findSnapshot,
  insertPackages,
  insertSnapshot,
  listAudit,
  listPins,
  moveRef,
  readNodes,
  requireBuildWithRevision,
  writeNodes,
  type Db,
} from '../../src/db/index.ts';
import { refusePinned } from '../../src/builds/intake/check.ts';
import { createMutexes, sha256 } from '../../src/lib/index.ts';
import type { Settings } from '../../src/model/index.ts';
import { claim, enqueue, finishAttempt, leaseOf } from '../../src/queue/index.ts';
import { openTree, type ProjectPackages, type Repository } from '../../src/repos/index.ts';
import { describeEngines } from '../databases.ts';
import { build, NOON } from '../db/samples.ts';

const TARGET = 'fedora-43-x86_64';
const ORDER = { project: 'tool', target: null, actor: 'ada', reason: 'two is bad', until: null };

/** The trunk line's context with real lists of packages and no files. */
function contextOf(db: Db, clock: { now: number }) {
  const tree = openTree({ read: (hashes) => readNodes(db, hashes), write: (nodes) => writeNodes(db, nodes) });
  const repository: Partial<Repository> = {
    ...tree,
    next: (parent: string | null, { project, sequence, packages }: ProjectPackages) =>
      tree.replace(
        parent,
        project,
        packages.map(({ identity, sha256: digest, size }) => {
          const { fullName, name, kind, arch, fileName } = identity;
          return { project, sequence, fullName, name, kind, arch, fileName, sha256: digest, size };
        }),
      ),
    writeSnapshot: async (hash, { time }) => {
      await tree.keep(hash);
      return time;
    },
    moveRef: () => Promise.resolve(),
  };
  const context = {
    settings: {
      file: 'x.yaml',
      targets: [{ name: TARGET, format: 'rpm', dist: '.fc43' }],
      projects: [{ name: 'tool', targets: [TARGET] }],
    } as unknown as Settings,
    db,
    repository: () => repository as Repository,
    mutexes: createMutexes(),
    now: () => clock.now,
  } as unknown as TrunkContext;
  return { context, repository: repository as Repository };
}

/** A success of version `name` that is published and in `current`. */
async function published(db: Db, repository: Repository, name: string): Promise<string> {
  const made = await build(db, name);
  await enqueue(db, made, { now: NOON });
  const attempt = await claim(db, { worker: 'w', now: NOON, leaseMs: 1, filter: { buildIds: [made.id] } });
  if (attempt === null) throw new Error('nothing to claim');
  const fullName = `tool-1:${name}-1.fc43.src`;
  const identity = {
    name: 'tool',
    fullName,
    fileName: `tool-${name}-1.fc43.src.rpm`,
    arch: 'src',
    kind: 'source' as const,
  };
  const digest = sha256(fullName);
  const { revision } = await requireBuildWithRevision(db, made.id);
  const parent = (await findRef(db, TARGET, 'current'))?.snapshotHash ?? null;
  const packages = [{ identity, sha256: digest, size: 1 }];
  const hash = await repository.next(parent, { project: 'tool', sequence: revision.sequence, packages });
  const indexTime = await repository.writeSnapshot(hash, { time: 1, after: null });
  const record = { target: TARGET, hash, parentHash: parent, buildId: made.id, packageCount: 1, createdAt: NOON };
  await insertSnapshot(db, { ...record, indexTime });
  const of = { target: TARGET, buildId: made.id, attemptId: attempt.id, uploadId: null, size: 1, companions: [] };
  await insertPackages(db, [{ ...identity, ...of, sha256: digest, unsignedSha256: digest }], NOON);
  const success = { result: 'success', reason: null, detail: null, snapshot: hash } as const;
  await finishAttempt(db, leaseOf(attempt), success, NOON);
  await moveRef(db, { target: TARGET, name: 'current', to: hash, actor: 'system', reason: 'x', now: NOON });
  return hash;
}

describeEngines('pins', (fresh) => {
  const prepared = async () => {
    const db = await (await fresh()).open();
    const clock = { now: NOON };
    const { context, repository } = contextOf(db, clock);
    const [one, two] = [await published(db, repository, '1.0'), await published(db, repository, '2.0')];
    const current = async () => (await findRef(db, TARGET, 'current'))?.snapshotHash;
    return { db, clock, context, one, two, current };
  };

  it.each(['1.0', '1.0-1', '1.0-1.fc43', '1:1.0', '1:1.0-1.fc43'])('take %s for the version it is', async (version) => {
    const { context, one, current } = await prepared();
    const { pinned, without } = await pinProject(context, { ...ORDER, version });
    expect(pinned).toMatchObject([{ project: 'tool', target: TARGET, version: '1:1.0-1.fc43', snapshot: one }]);
    expect(without).toEqual([]);
    expect(await current()).toBe(one);
  });

  it('end by themselves with the next run after their time', async () => {
    const { db, clock, context, two, one, current } = await prepared();
    await pinProject(context, { ...ORDER, version: '1.0', until: NOON + 1000 });
    expect(await endPassedPins(context, [TARGET])).toEqual([]);
    clock.now = NOON + 1000;
    // Over, though nobody has looked at it yet.
    expect(await listPins(db, { at: clock.now })).toEqual([]);
    expect(await endPassedPins(context, ['other'])).toEqual([]);
    expect(await current()).toBe(one);
    expect(await endPassedPins(context, [TARGET])).toMatchObject([{ pin: { project: 'tool' }, snapshot: two }]);
    expect(await current()).toBe(two);
    expect(await endPassedPins(context, [TARGET])).toEqual([]);
    expect(
      (await listAudit(db, { subject: `project/tool/${TARGET}` })).map(({ action, actor }) => [action, actor]),
    ).toEqual([
      ['unpin', 'system'],
      ['pin', 'ada'],
    ]);
  });

  it('to what is in current already make no snapshot; another pin takes the place of the first', async () => {
    const { context, two, one, current } = await prepared();
    expect((await pinProject(context, { ...ORDER, version: '2.0' })).pinned).toMatchObject([{ snapshot: null }]);
    expect(await current()).toBe(two);
    await pinProject(context, { ...ORDER, version: '1.0' });
    expect(await pinsOf(context)).toMatchObject([{ version: '1:1.0-1.fc43' }]);
    expect(await current()).toBe(one);
    expect(await unpinProject(context, { ...ORDER, reason: null })).toMatchObject([{ snapshot: two }]);
    expect(await current()).toBe(two);
  });

  it('stand in the way of an upload', async () => {
    const { context } = await prepared();
    const [target] = context.settings.targets;
    if (target === undefined) throw new Error('no target');
    await refusePinned(context, target, 'tool');
    await pinProject(context, { ...ORDER, version: '1.0' });
    await expect(refusePinned(context, target, 'tool')).rejects.toMatchObject({
      message: expect.stringContaining('two is bad') as string,
    });
    await refusePinned(context, target, 'another');
  });

  it('are refused for packages that were removed, and for what is no version and no commit', async () => {
    const { db, context, one, two, current } = await prepared();
    for (const version of ['3.0', '', 'abc', '1', '%', 'ffffffff'])
      await expect(pinProject(context, { ...ORDER, version })).rejects.toMatchObject({ code: 'not_found' });
    const { revision } = await requireBuildWithRevision(db, (await findSnapshot(db, TARGET, one))?.buildId ?? 0);
    await db.sql.updateTable('packages').set({ gone_at: NOON }).where('full_name', 'like', '%1.0%').execute();
    for (const version of ['1.0', revision.upstream.hash.slice(0, 7)])
      await expect(pinProject(context, { ...ORDER, version })).rejects.toMatchObject({
        message: expect.stringContaining('were removed on') as string,
      });
    expect(await current()).toBe(two);
    expect(await listPins(db)).toEqual([]);
  });
});
