import { expect, it } from 'vitest';
import {
  findBuildsByCommit,
  insertBuild,
  latestFinishedBuild,
  listBuilds,
  newestSuccess,
  newestSuccesses,
  readSummaries,
  requireBuild,
  requireRevision,
  updateBuild,
  type Db,
} from '../../src/db/index.ts';
import { enqueue } from '../../src/queue/index.ts';
import type { BuildResult, BuildState } from '../../src/model/index.ts';
import { describeEngines } from '../databases.ts';
import { build, commit, NOON, revision } from './samples.ts';

const TARGET = 'fedora-43-x86_64';

/** A build that has ended: `at` is when, in minutes after noon. */
async function ended(
  db: Db,
  name: string,
  result: 'success' | 'failure',
  at: number,
  options?: Parameters<typeof build>[2],
) {
  const { id } = await build(db, name, options);
  const reason = result === 'failure' ? 'build_failed' : null;
  const finishedAt = NOON + at * 60_000;
  await updateBuild(db, id, {
    state: 'finished',
    result,
    reason,
    detail: result === 'failure' ? 'no rule' : null,
    finishedAt,
  });
  return requireBuild(db, id);
}

describeEngines('builds', (fresh) => {
  const opened = async () => (await fresh()).open();

  it('are made once per revision and target', async () => {
    const db = await opened();
    const made = await revision(db, 'a');
    const first = await insertBuild(db, { revision: made, target: TARGET, now: NOON });
    expect(first).toMatchObject({ inserted: true, build: { state: 'pending', result: null, createdAt: NOON } });
    expect(await insertBuild(db, { revision: made, target: TARGET, now: NOON + 1 })).toEqual({
      ...first,
      inserted: false,
    });
    expect(await insertBuild(db, { revision: made, target: 'other', now: NOON })).toMatchObject({ inserted: true });
    await expect(requireBuild(db, 999)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('need a revision', async () => {
    const db = await opened();
    const orphan = insertBuild(db, { revision: { id: 5, project: 'x', sequence: 1 }, target: 't', now: NOON });
    await expect(orphan).rejects.toThrow(/foreign key/i);
  });

  it('are listed newest first, by whatever is asked', async () => {
    const db = await opened();
    const a = await ended(db, 'a', 'success', 1);
    const b = await ended(db, 'b', 'failure', 2);
    const c = await build(db, 'c', { project: 'lib' });
    const d = await build(db, 'd', { target: 'debian-12-amd64' });
    const ids = async (filter?: Parameters<typeof listBuilds>[1]) =>
      (await listBuilds(db, filter)).map((item) => [a, b, c, d].findIndex(({ id }) => id === item.build.id));
    expect(await ids()).toEqual([3, 2, 1, 0]);
    expect(await ids({ project: 'tool' })).toEqual([3, 1, 0]);
    expect(await ids({ target: TARGET, project: 'tool' })).toEqual([1, 0]);
    expect(await ids({ state: 'pending' })).toEqual([3, 2]);
    expect(await ids({ result: 'failure' })).toEqual([1]);
    expect(await ids({ limit: 2 })).toEqual([3, 2]);
    expect(await ids({ before: c.id, limit: 1 })).toEqual([1]);
    expect(await ids({ revisionId: a.revisionId })).toEqual([0]);
    expect(await ids({ project: "x' or 1=1 --" })).toEqual([]);
    const [first] = await listBuilds(db, { project: 'lib' });
    expect(first).toEqual({ build: c, revision: await requireRevision(db, c.revisionId) });
  });

  it('keep what a tool said, whatever characters it used', async () => {
    const db = await opened();
    const { id } = await build(db, 'a');
    await updateBuild(db, id, { detail: `nothing provides 'x' \0 \uDC00 ${'é'.repeat(20_000)}` });
    const { detail } = await requireBuild(db, id);
    expect(detail).toMatch(/^nothing provides 'x' \uFFFD \uFFFD é+…$/);
    expect(detail).toHaveLength(10_001);
  });

  it('know the newest success in history order, and the one that finished last', async () => {
    const db = await opened();
    await ended(db, 'a', 'success', 1);
    const late = await build(db, 'b');
    const newest = await ended(db, 'c', 'success', 3);
    await ended(db, 'd', 'failure', 4);
    await ended(db, 'x', 'success', 9, { target: 'other' });
    const lib = await ended(db, 'x', 'success', 9, { project: 'lib' });
    // An older commit that succeeds later moves nothing back (DESIGN 6).
    await updateBuild(db, late.id, { state: 'finished', result: 'success', finishedAt: NOON + 5 * 60_000 });
    expect(await newestSuccess(db, 'tool', TARGET)).toEqual(newest);
    expect(await latestFinishedBuild(db, 'tool', TARGET)).toMatchObject({ id: late.id });
    expect(await newestSuccesses(db, TARGET)).toEqual([lib, newest]);
    expect(await newestSuccess(db, 'nobody', TARGET)).toBeNull();
    expect(await latestFinishedBuild(db, 'nobody', TARGET)).toBeNull();
  });

  it('are found by the beginning of either commit', async () => {
    const db = await opened();
    const a = await build(db, 'a');
    const b = await build(db, 'b');
    const found = async (prefix: string) => (await findBuildsByCommit(db, prefix)).map((item) => item.build.id);
    const upstream = commit('tool a').hash;
    expect(await found(upstream)).toEqual([a.id]);
    expect(await found(upstream.slice(0, 7).toUpperCase())).toEqual([a.id]);
    expect(await found(commit('tool packaging').hash.slice(0, 12))).toEqual([b.id, a.id]);
    expect(await found(`${upstream.slice(0, 6)}${upstream[6] === '0' ? '1' : '0'}`)).toEqual([]);
    for (const bad of ['abc', '', 'main', "abcd' or 1", '%%%%', 'a'.repeat(65)])
      await expect(found(bad)).rejects.toMatchObject({ code: 'invalid_argument' });
  });
});

describeEngines('the summary', (fresh, engine) => {
  const opened = async () => (await fresh()).open();

  it('has a line per project and target, sorted byte by byte', async () => {
    const db = await opened();
    for (const project of ['b', 'B', 'a-b', 'ab', 'é']) await build(db, 'x', { project });
    await build(db, 'x', { project: 'b', target: 'debian-12-amd64' });
    const lines = await readSummaries(db);
    expect(lines.map(({ project, target }) => `${project} ${target}`)).toEqual([
      `B ${TARGET}`,
      `a-b ${TARGET}`,
      `ab ${TARGET}`,
      'b debian-12-amd64',
      `b ${TARGET}`,
      `é ${TARGET}`,
    ]);
    expect(await readSummaries(db, { project: 'b', target: TARGET })).toHaveLength(1);
    expect(await readSummaries(db, { project: 'none' })).toEqual([]);
  });

  it('names the first failure after the last success, in history order', async () => {
    const db = await opened();
    await ended(db, 'a', 'failure', 1);
    const good = await ended(db, 'b', 'success', 2);
    const culprit = await ended(db, 'c', 'failure', 9);
    await ended(db, 'd', 'failure', 4);
    const waiting = await build(db, 'e');
    await enqueue(db, waiting, { now: NOON });
    const [line] = await readSummaries(db);
    expect(line).toEqual({
      project: 'tool',
      target: TARGET,
      newest: {
        buildId: waiting.id,
        state: 'pending',
        result: null,
        reason: null,
        commit: commit('tool e'),
        distgitCommit: commit('tool packaging'),
      },
      firstFailure: {
        buildId: culprit.id,
        reason: 'build_failed',
        detail: 'no rule',
        finishedAt: culprit.finishedAt,
        commit: commit('tool c'),
        distgitCommit: commit('tool packaging'),
      },
      lastSuccess: { buildId: good.id, finishedAt: good.finishedAt, commit: commit('tool b'), snapshot: null },
      pending: 1,
      running: 0,
    });
  });

  it('has no failure once a newer commit succeeds, and no success before one does', async () => {
    const db = await opened();
    const first = await ended(db, 'a', 'failure', 1);
    expect(await readSummaries(db)).toMatchObject([{ firstFailure: { buildId: first.id }, lastSuccess: null }]);
    await ended(db, 'b', 'success', 2);
    expect(await readSummaries(db)).toMatchObject([{ firstFailure: null, newest: { result: 'success' } }]);
  });

  it.runIf(engine === 'sqlite')('takes less than 0.2 s for 1,000 projects with 20,000 builds', async () => {
    const db = await opened();
    await fill(db, 1000, 20);
    const times = [];
    for (let i = 0; i < 5; i += 1) {
      const started = performance.now();
      const lines = await readSummaries(db);
      times.push(performance.now() - started);
      expect(lines).toHaveLength(1000);
    }
    const [line] = await readSummaries(db, { project: 'project-7' });
    expect(line).toMatchObject({
      firstFailure: { commit: { subject: 'Change 17' } },
      lastSuccess: { commit: { subject: 'Change 16' } },
    });
    expect(Math.min(...times)).toBeLessThan(200);
  });
});

/** Projects whose builds alternate in blocks: the last three of each failed. */
async function fill(db: Db, projects: number, each: number): Promise<void> {
  const state: BuildState = 'finished';
  const [failed, succeeded]: BuildResult[] = ['failure', 'success'];
  await db.transaction(async (tx) => {
    for (let p = 0; p < projects; p += 1) {
      const project = `project-${p}`;
      const numbers = Array.from({ length: each }, (_, i) => i);
      const rows = numbers.map((i) => ({
        project,
        format: 'rpm' as const,
        upstream_hash: commit(`${project} ${i}`).hash,
        upstream_info: JSON.stringify({ ...commit(`${project} ${i}`), subject: `Change ${i}` }),
        distgit_hash: commit(project).hash,
        distgit_info: JSON.stringify(commit(project)),
        sequence: i + 1,
        created_at: NOON,
      }));
      const revisions = await tx.sql.insertInto('revisions').values(rows).returning(['id', 'sequence']).execute();
      const builds = revisions.map(({ id, sequence }) => ({
        project,
        target: TARGET,
        revision_id: id,
        sequence,
        state,
        result: sequence > each - 3 ? failed : succeeded,
        created_at: NOON,
        finished_at: NOON,
      }));
      await tx.sql.insertInto('builds').values(builds).execute();
    }
  });
}
