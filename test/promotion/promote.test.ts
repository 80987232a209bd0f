import { expect, it } from 'vitest';
import { findRef, listAudit, listTopic } from '../../src/db/index.ts';
import { demote, promote, promotionsOf, reportVote, setRef, undoRef } from '../../src/promotion/index.ts';
import { describeEngines } from '../databases.ts';
import { NOON } from '../db/samples.ts';
import { contextOf, snapshot, subject, TARGET } from './context.ts';
import { published, report } from './votes-samples.ts';

const ORDER = { actor: 'ada', reason: 'it passed', require: [] };
const BACK = { actor: 'bob', reason: 'it was bad' };

describeEngines('promotions', (fresh) => {
  const opened = async (protectedRefs?: readonly string[]) => {
    const db = await (await fresh()).open();
    const world = contextOf(db, protectedRefs);
    const [one, two] = [await snapshot(db, '1'), await snapshot(db, '2')];
    const give = async (hash: string, name = 'tested', require: string[] = []) => {
      const [promoted] = await promote(world.context, [{ name, thing: { target: TARGET, snapshot: hash } }], {
        ...ORDER,
        require,
      });
      if (promoted === undefined) throw new Error('nothing was promoted');
      return promoted;
    };
    const at = async (name = 'tested') => (await findRef(db, TARGET, name))?.snapshotHash;
    return { db, one, two, give, at, ...world };
  };

  it('move the ref, with who, why and the verdicts they rest on', async () => {
    const { db, one, two, give, context, links } = await opened();
    const thing = { target: TARGET, snapshot: one };
    const vote = await reportVote(context, thing, report('tempest', 'success'));
    await reportVote(context, thing, report('upgrade', 'in_progress'));
    const first = await give(one, 'tested', ['tempest']);
    expect(first).toMatchObject({
      made: true,
      promotion: { snapshot: one, from: null, actor: 'ada', reason: 'it passed', buildId: null, endedAt: null },
    });
    expect(first.promotion.votes).toEqual([{ voteId: vote.id, job: 'tempest', result: 'success' }]);
    expect(links.get('tested')).toBe(one);
    expect((await give(two)).promotion).toMatchObject({ from: one, votes: [] });
    // Once more is once.
    expect(await give(two)).toMatchObject({ made: false, promotion: { snapshot: two } });
    expect((await promotionsOf(context, { target: TARGET })).map(({ snapshot: hash }) => hash)).toEqual([two, one]);
    expect(await promotionsOf(context, { snapshot: one })).toHaveLength(1);
    expect(await promotionsOf(context, { name: 'tested', limit: 1, offset: 1 })).toMatchObject([{ snapshot: one }]);
    const kinds = (await listTopic(db, `ref/${TARGET}/tested`)).map(({ kind }) => kind);
    expect(kinds).toEqual(['ref_moved', 'promoted', 'ref_moved', 'promoted']);
    expect(await listAudit(db, { subject: `ref/${TARGET}/tested` })).toMatchObject([
      { action: 'promote', actor: 'ada', reason: 'it passed' },
      { action: 'promote' },
    ]);
  });

  it('and moves are not recorded where nothing can be signed, but for those that need no signature', async () => {
    const { one, two, give, at, context, signing, links } = await opened();
    await give(one);
    await give(one, 'other');
    signing.refused = new Error('the key has expired');
    const move = (to: string) => setRef(context, subject('other'), to, { ...BACK, force: false });
    await expect(give(two)).rejects.toThrow('expired');
    await expect(move(two)).rejects.toThrow('expired');
    expect([await at(), await at('other'), links.get('other')]).toEqual([one, one, one]);
    // It is there already; and a ref is taken away.
    expect(await move(one)).toBeNull();
    expect((await demote(context, subject('tested'), BACK)).move).toMatchObject({ toHash: null });
    expect([await at(), links.has('tested')]).toEqual([undefined, false]);
    signing.refused = null;
    await give(two, 'other');
    signing.refused = new Error('the key has expired');
    await expect(demote(context, subject('other'), BACK)).rejects.toThrow('expired');
    expect(await at('other')).toBe(two);
  });

  it('of a build promote the snapshot it was published in', async () => {
    const { db, context, at } = await opened();
    const { id, snapshot: hash } = await published(db, 'a');
    await reportVote(context, { buildId: id }, report('tempest', 'success'));
    await reportVote(context, { target: TARGET, snapshot: hash ?? '' }, report('whole', 'failure'));
    const wish = [{ name: 'tested', thing: { buildId: id } }];
    await expect(promote(context, wish, { ...ORDER, require: ['tempest', 'whole'] })).rejects.toMatchObject({
      code: 'promotion_refused',
      message: expect.stringContaining('whole found it bad') as string,
    });
    expect(await at()).toBeUndefined();
    const [promoted] = await promote(context, wish, { ...ORDER, require: ['tempest'] });
    expect(promoted?.promotion).toMatchObject({ buildId: id, snapshot: hash });
    expect(promoted?.promotion.votes.map(({ job }) => job)).toEqual(['tempest', 'whole']);
    expect(await promotionsOf(context, { buildId: id })).toHaveLength(1);
  });

  it('are refused for names of the trunk, protected ones, and without a verdict that is asked for', async () => {
    const { one, give, at, links } = await opened(['released']);
    for (const name of ['current', 'consistent', 'released'])
      await expect(give(one, name)).rejects.toMatchObject({ code: 'ref_protected' });
    for (const name of ['../x', 'pool', 'ab', 'Tested', ''])
      await expect(give(one, name)).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(give(one, 'tested', ['tempest'])).rejects.toMatchObject({
      code: 'promotion_refused',
      message: expect.stringContaining('tempest has not said anything') as string,
    });
    await expect(give('current')).rejects.toMatchObject({ code: 'invalid_argument' });
    expect(await at()).toBeUndefined();
    expect(links.size).toBe(0);
  });

  it('of what was removed say so', async () => {
    const { db, one, give, context } = await opened();
    const { id, snapshot: hash } = await published(db, 'a');
    await db.sql
      .updateTable('snapshots')
      .set({ gone_at: NOON })
      .where('hash', 'in', [one, hash ?? ''])
      .execute();
    await expect(give(one)).rejects.toMatchObject({ code: 'gone' });
    await expect(promote(context, [{ name: 'tested', thing: { buildId: id } }], ORDER)).rejects.toMatchObject({
      code: 'gone',
    });
  });

  it('of several are all or none', async () => {
    const { db, one, two, context, at, links } = await opened();
    const other = await snapshot(db, '3', { target: 'other' });
    const wish = (name: string, hash: string, target = TARGET) => ({ name, thing: { target, snapshot: hash } });
    await db.sql.updateTable('snapshots').set({ gone_at: NOON }).where('hash', '=', two).execute();
    await expect(
      promote(context, [wish('tested', one), wish('tested', other, 'other'), wish('good', two)], ORDER),
    ).rejects.toMatchObject({ code: 'gone' });
    expect(await at()).toBeUndefined();
    expect(links.size).toBe(0);
    await expect(promote(context, [wish('tested', one), wish('tested', two)], ORDER)).rejects.toMatchObject({
      message: expect.stringContaining('twice') as string,
    });
    await expect(promote(context, [], ORDER)).rejects.toMatchObject({ code: 'invalid_argument' });
    expect(await promote(context, [wish('tested', other, 'other'), wish('tested', one)], ORDER)).toHaveLength(2);
    expect(await at()).toBe(one);
  });

  it('are taken back one after the other, and the history keeps all', async () => {
    const { db, one, two, give, at, context, links } = await opened();
    const three = await snapshot(db, '3');
    for (const hash of [one, two, three]) await give(hash);
    expect(await demote(context, subject('tested'), BACK)).toMatchObject({
      promotion: { snapshot: three, endedAt: NOON, endedBy: 'bob', endedReason: 'it was bad' },
      move: { fromHash: three, toHash: two },
    });
    expect(links.get('tested')).toBe(two);
    const [, standing] = await promotionsOf(context, { target: TARGET });
    await expect(demote(context, subject('tested'), { ...BACK, expected: 999 })).rejects.toMatchObject({
      code: 'repository_conflict',
    });
    await demote(context, subject('tested'), { ...BACK, expected: standing?.id ?? 0 });
    expect(await at()).toBe(one);
    // Before the first one there was no such ref.
    expect(await demote(context, subject('tested'), BACK)).toMatchObject({ move: { fromHash: one, toHash: null } });
    expect(await at()).toBeUndefined();
    expect(links.has('tested')).toBe(false);
    await expect(demote(context, subject('tested'), BACK)).rejects.toMatchObject({ code: 'not_found' });
    await give(three);
    expect(await promotionsOf(context, { standing: true })).toMatchObject([{ snapshot: three, from: null }]);
    expect(await promotionsOf(context, {})).toHaveLength(4);
    await expect(demote(context, subject('nothing'), BACK)).rejects.toMatchObject({ code: 'not_found' });
    await expect(demote(context, subject('current'), BACK)).rejects.toMatchObject({ code: 'ref_protected' });
    expect(
      (await listAudit(db, { subject: `ref/${TARGET}/tested`, actor: 'bob' })).map(({ action }) => action),
    ).toEqual(['demote', 'demote', 'demote']);
  });

  it('leave a ref alone that was moved by hand since', async () => {
    const { one, two, give, at, context } = await opened();
    const by = { actor: 'eve', reason: 'by hand', force: false };
    await give(one);
    await give(two);
    await undoRef(context, subject('tested'), by);
    expect(await demote(context, subject('tested'), BACK)).toMatchObject({ promotion: { snapshot: two }, move: null });
    expect(await at()).toBe(one);
    // Promoted to where it stands already: taking that back moves nothing either.
    await setRef(context, subject('tested'), two, by);
    expect(await give(two)).toMatchObject({ made: true, promotion: { from: two } });
    expect(await demote(context, subject('tested'), BACK)).toMatchObject({ move: null });
    expect(await at()).toBe(two);
  });

  it('do not go back to what was removed', async () => {
    const { db, one, two, give, at, context } = await opened();
    await give(one);
    await give(two);
    await db.sql.updateTable('snapshots').set({ gone_at: NOON }).where('hash', '=', one).execute();
    await expect(demote(context, subject('tested'), BACK)).rejects.toMatchObject({ code: 'gone' });
    expect(await at()).toBe(two);
    expect(await promotionsOf(context, { standing: true })).toHaveLength(2);
  });
});
