import { expect, it } from 'vitest';
import { lastGood, lastTested, listTopic, type Db } from '../../src/db/index.ts';
import { MARK_DEFAULT } from '../../src/model/index.ts';
import { findLastGood, findLastTested, reportVote, votesOf, votesOn } from '../../src/promotion/index.ts';
import { describeEngines } from '../databases.ts';
import { NOON } from '../db/samples.ts';
import { contextOf, snapshot, TARGET } from './context.ts';
import { HOUR, published, report, taker, wanted } from './votes-samples.ts';

describeEngines('what was tested last', (fresh) => {
  const opened = async () => {
    const db = await (await fresh()).open();
    const { context } = contextOf(db);
    const at = (by: number) => ({ ...context, now: () => NOON + by });
    const vote = (hash: string, job: string, result: 'success' | 'failure' | 'in_progress', by = 0) =>
      reportVote(at(by), { target: TARGET, snapshot: hash }, report(job, result));
    return { db, context, at, vote };
  };
  const three = async (db: Db) => [
    await snapshot(db, '1', { at: NOON - 3 * HOUR }),
    await snapshot(db, '2', { at: NOON - 2 * HOUR }),
    await snapshot(db, '3', { at: NOON - HOUR }),
  ];

  it('is the newest with a verdict that fits, or the one with the newest verdict', async () => {
    const { db, context, at, vote } = await opened();
    const [one = '', two = '', three3 = ''] = await three(db);
    await vote(two, 'tempest', 'success', 1);
    await vote(two, 'upgrade', 'failure', 2);
    await vote(one, 'tempest', 'failure', 3);
    await vote(three3, 'tempest', 'in_progress', 4);
    const found = async (more: Parameters<typeof wanted>[0], now = 5) =>
      (await findLastTested(at(now), wanted(more), null)).snapshot;
    expect(await found({})).toBe(two);
    expect(await found({ order: 'voted' })).toBe(one);
    expect(await found({ result: 'failure' })).toBe(two);
    expect(await found({ result: 'failure', job: 'tempest' })).toBe(one);
    expect(await found({ result: 'success', job: 'tempest', order: 'voted' })).toBe(two);
    // A window that only the last verdict is in.
    expect(await found({ maxAge: HOUR }, HOUR + 3)).toBe(one);
    await expect(found({ maxAge: HOUR }, HOUR + 4)).rejects.toMatchObject({ code: 'not_found' });
    await expect(found({ job: 'upgrade', result: 'success' })).rejects.toMatchObject({ code: 'not_found' });
    await expect(found({ target: 'other' })).rejects.toMatchObject({ code: 'not_found' });
    // What was found bad and then good counts as good only.
    await vote(two, 'upgrade', 'success', 6);
    await expect(found({ job: 'upgrade', result: 'failure' }, 7)).rejects.toMatchObject({ code: 'not_found' });
    const whole = await findLastTested(at(7), wanted({ job: 'upgrade' }), null);
    expect(whole).toMatchObject({ kind: 'snapshot', build: null, mark: null, vote: { job: 'upgrade' } });
    expect(whole.votes).toHaveLength(2);
    expect(await votesOf(context, { job: 'nobody' })).toEqual([]);
  });

  it('is never what was removed', async () => {
    const { db, context, vote } = await opened();
    const [one = '', two = ''] = await three(db);
    await vote(one, 'tempest', 'success');
    await vote(two, 'tempest', 'success');
    await db.sql.updateTable('snapshots').set({ gone_at: NOON }).where('hash', '=', two).execute();
    expect(await findLastTested(context, wanted(), null)).toMatchObject({ snapshot: one });
    expect(await findLastGood(context, { ...wanted(), jobs: ['tempest'] }, null)).toMatchObject({ snapshot: one });
  });

  it('is of builds where builds are asked for, of some projects', async () => {
    const { db, context } = await opened();
    const tool = await published(db, 'a');
    const lib = await published(db, 'b', { project: 'lib' });
    for (const { id } of [tool, lib]) await reportVote(context, { buildId: id }, report('tempest', 'success'));
    const found = async (projects: string[]) => findLastTested(context, wanted({ kind: 'build', projects }), null);
    expect(await found([])).toMatchObject({ build: { build: { id: lib.id } }, snapshot: lib.snapshot });
    expect(await found(['tool'])).toMatchObject({ build: { build: { id: tool.id, project: 'tool' } } });
    await expect(found(['other'])).rejects.toMatchObject({ code: 'not_found' });
    await expect(findLastTested(context, wanted({ projects: ['tool'] }), null)).rejects.toMatchObject({
      code: 'invalid_argument',
    });
  });

  it('and good is the newest that every job found good', async () => {
    const { db, context, vote } = await opened();
    const [one = '', two = '', three3 = ''] = await three(db);
    for (const job of ['a', 'b', 'c']) await vote(one, job, 'success');
    for (const job of ['a', 'b']) await vote(two, job, 'success');
    await vote(two, 'c', 'failure', 1);
    await vote(three3, 'a', 'success', 2);
    const found = async (...jobs: string[]) => (await findLastGood(context, { ...wanted(), jobs }, null)).snapshot;
    expect(await found('a')).toBe(three3);
    expect(await found('b', 'a')).toBe(two);
    expect(await found('a', 'b', 'c')).toBe(one);
    expect(await found('c', 'c', 'a')).toBe(one);
    await expect(found('a', 'd')).rejects.toMatchObject({ code: 'not_found' });
    await expect(found()).rejects.toMatchObject({ code: 'invalid_argument' });
    // c thinks again.
    await vote(two, 'c', 'success', 3);
    expect(await found('a', 'b', 'c')).toBe(two);
    await vote(one, 'a', 'failure', 4);
    const since = NOON + 3;
    expect(await lastGood(db, { target: TARGET, kind: 'snapshot', order: 'made', since, jobs: ['c'] })).toMatchObject({
      snapshot: two,
    });
    expect(await lastGood(db, { target: TARGET, kind: 'snapshot', order: 'made', since, jobs: ['c', 'a'] })).toBeNull();
    expect(await lastTested(db, { target: TARGET, kind: 'build', order: 'made', since: null })).toBeNull();
  });

  it('is taken by one of two askers, and the other one sees the mark', async () => {
    const { db, context, at, vote } = await opened();
    const hash = await snapshot(db, '1');
    const thing = { target: TARGET, snapshot: hash };
    await vote(hash, 'build', 'success');
    const ask = (who: string, job = 'tempest', now = 0) =>
      findLastGood(at(now), { ...wanted(), jobs: ['build'] }, taker(job, who));
    const answers = await Promise.all(['ada', 'bob', 'eve'].map((who) => ask(who)));
    const taken = answers.filter(({ mark }) => mark?.taken);
    expect(taken).toHaveLength(1);
    const winner = taken[0]?.mark?.vote;
    for (const { mark } of answers) expect(mark?.vote).toEqual(winner);
    expect(winner).toMatchObject({ job: 'tempest', expiresAt: NOON + MARK_DEFAULT });
    // Another job takes it beside.
    expect((await ask('ada', 'upgrade')).mark?.taken).toBe(true);
    expect(await votesOn(context, thing)).toHaveLength(3);
    expect(await listTopic(db, `votes/${TARGET}/${hash}`)).toHaveLength(3);
    // Its time is up, or it has said its verdict: it can be taken again.
    expect((await ask('bob', 'tempest', MARK_DEFAULT)).mark).toMatchObject({ taken: true, vote: { actor: 'bob' } });
    await vote(hash, 'tempest', 'failure', MARK_DEFAULT + 1);
    expect((await ask('eve', 'tempest', MARK_DEFAULT + 2)).mark?.taken).toBe(true);
    await expect(findLastTested(context, wanted({ job: 'nobody' }), taker('tempest'))).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});
