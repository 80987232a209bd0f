import { expect, it } from 'vitest';
import {
  findPair,
  insertRevision,
  isProcessed,
  listPairs,
  listRevisions,
  moveCursor,
  newestRevision,
  readCursor,
  recordVersionInputs,
  requireRevision,
} from '../../src/db/index.ts';
import type { VersionInputs } from '../../src/model/index.ts';
import { describeEngines } from '../databases.ts';
import { commit, NOON, revision } from './samples.ts';

const history = { project: 'tool', format: 'rpm' as const };

describeEngines('revisions', (fresh) => {
  it('keeps a pair of commits once and numbers pairs in the order they came', async () => {
    const db = await (await fresh()).open();
    const first = await revision(db, 'a');
    const second = await revision(db, 'b');
    const again = await insertRevision(db, {
      ...history,
      upstream: commit('tool a'),
      distgit: commit('tool packaging'),
      now: NOON + 1,
    });
    expect(again).toEqual({ revision: first, inserted: false });
    expect([first.sequence, second.sequence]).toEqual([1, 2]);
    expect((await revision(db, 'c')).sequence).toBe(3);
    expect(await listRevisions(db, history)).toHaveLength(3);
    expect(await newestRevision(db, history)).toMatchObject({ sequence: 3 });
  });

  it('gives back what it was given, whatever a commit says of itself', async () => {
    const db = await (await fresh()).open();
    const upstream = {
      ...commit('odd'),
      subject: "'; drop table builds; -- %s $1 ? \u{1F4A5}",
      authorName: 'a\0b\uD800c',
      authorTime: -5,
      committerTime: 4_000_000_000_000,
    };
    const { revision: made } = await insertRevision(db, { ...history, upstream, distgit: commit('d'), now: NOON });
    const read = await requireRevision(db, made.id);
    expect(read.upstream).toEqual({ ...upstream, authorName: 'a\uFFFDb\uFFFDc' });
    expect(read).toEqual(made);
  });

  it('puts commits that are looked up later before those known', async () => {
    const db = await (await fresh()).open();
    await revision(db, 'head');
    for (const name of ['older', 'oldest'])
      await insertRevision(db, {
        ...history,
        upstream: commit(name),
        distgit: commit('d'),
        place: 'oldest',
        now: NOON,
      });
    await revision(db, 'next');
    const names = (await listRevisions(db, history)).map(({ upstream, sequence }) => [sequence, upstream.subject]);
    expect(names).toEqual([
      [-1, 'Change oldest'],
      [0, 'Change older'],
      [1, 'Change tool head'],
      [2, 'Change tool next'],
    ]);
  });

  it('keeps the histories of projects and formats apart', async () => {
    const db = await (await fresh()).open();
    const rpm = await revision(db, 'a');
    const deb = await revision(db, 'a', { format: 'deb' });
    const other = await revision(db, 'a', { project: 'other' });
    expect([rpm, deb, other].map(({ sequence }) => sequence)).toEqual([1, 1, 1]);
    expect(new Set([rpm.id, deb.id, other.id]).size).toBe(3);
  });

  it('numbers a project from several connections without a clash', async () => {
    const database = await fresh();
    const db = await database.open();
    await Promise.all(Array.from({ length: 20 }, (_, i) => revision(db, `c${i % 10}`)));
    const sequences = (await listRevisions(db, history)).map(({ sequence }) => sequence);
    expect(sequences).toHaveLength(10);
    expect(new Set(sequences).size).toBe(10);
  });

  it('knows which commits have been processed', async () => {
    const db = await (await fresh()).open();
    const { upstream, distgit } = await revision(db, 'a');
    expect(await isProcessed(db, history, upstream.hash)).toBe(true);
    expect(await isProcessed(db, { ...history, format: 'deb' }, upstream.hash)).toBe(false);
    expect(await isProcessed(db, history, distgit.hash)).toBe(false);
    const pair = { upstreamHash: upstream.hash, distgitHash: distgit.hash };
    expect(await listPairs(db, history)).toEqual([pair]);
    expect(await findPair(db, history, { ...pair, distgitHash: 'f'.repeat(40) })).toBeNull();
  });

  it('records version inputs once and never again', async () => {
    const db = await (await fresh()).open();
    const { id } = await revision(db, 'a');
    const inputs: VersionInputs = {
      tags: ['v1.2', '1.0; touch /tmp/x'],
      utc: 1_795_000_000,
      distgitCount: 7,
      reported: null,
    };
    expect(await recordVersionInputs(db, id, inputs)).toEqual(inputs);
    expect(await recordVersionInputs(db, id, { ...inputs, utc: 1 })).toEqual(inputs);
    expect((await requireRevision(db, id)).versionInputs).toEqual(inputs);
    await expect(recordVersionInputs(db, 999, inputs)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('remembers how far discovery came without touching the numbering', async () => {
    const db = await (await fresh()).open();
    expect(await readCursor(db, history)).toEqual({ upstreamHash: null, distgitHash: null });
    await moveCursor(db, history, { upstreamHash: 'aa', distgitHash: null }, NOON);
    await revision(db, 'a');
    await moveCursor(db, history, { upstreamHash: 'bb', distgitHash: 'cc' }, NOON + 1);
    expect(await readCursor(db, history)).toEqual({ upstreamHash: 'bb', distgitHash: 'cc' });
    expect((await revision(db, 'b')).sequence).toBe(2);
  });
});
