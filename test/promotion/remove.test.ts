import { expect, it } from 'vitest';
import { findRef, listAudit, listRemovedRefs, listTopic, moveRef } from '../../src/db/index.ts';
import type { Repository } from '../../src/repos/index.ts';
import { describeRemovedRefs, refHistory, removeRef, setRef, undoRef } from '../../src/promotion/index.ts';
import { describeEngines } from '../databases.ts';
import { NOON } from '../db/samples.ts';
import { contextOf, snapshot, subject, TARGET } from './context.ts';

const ORDER = { actor: 'ada', reason: 'nobody uses it', force: false };
const FORCED = { ...ORDER, force: true };

describeEngines('refs removed by hand', (fresh) => {
  const prepared = async (protectedRefs?: readonly string[]) => {
    const db = await (await fresh()).open();
    const { context, links } = contextOf(db, protectedRefs);
    const known = context.repository(subject('x').target);
    const remove = (name: string) => Promise.resolve(void links.delete(name));
    context.repository = () => ({ ...known, removeRef: remove });
    return { db, one: await snapshot(db, '1'), two: await snapshot(db, '2'), context, links };
  };

  it('are gone from the disk and the list, and their history stays', async () => {
    const { db, one, context, links } = await prepared();
    await setRef(context, subject('tested'), one, ORDER);
    await setRef(context, subject('other'), one, ORDER);
    const removed = { fromHash: one, toHash: null, actor: 'ada', reason: 'nobody uses it', movedAt: NOON };
    expect(await removeRef(context, subject('tested'), ORDER)).toMatchObject(removed);
    expect([...links.keys()]).toEqual(['other']);
    expect(await findRef(db, TARGET, 'tested')).toBeNull();
    expect(await refHistory(context, subject('tested'), 9)).toMatchObject([removed, { fromHash: null, toHash: one }]);
    expect(await listAudit(db, { subject: `ref/${TARGET}/tested`, limit: 1 })).toMatchObject([
      { actor: 'ada', action: 'remove_ref', reason: 'nobody uses it' },
    ]);
    expect((await listTopic(db, `ref/${TARGET}/tested`)).at(-1)).toMatchObject({
      kind: 'ref_removed',
      payload: { target: TARGET, name: 'tested', from: one, actor: 'ada' },
    });
    await expect(removeRef(context, subject('tested'), ORDER)).rejects.toMatchObject({ code: 'not_found' });
    await expect(removeRef(context, subject('never'), FORCED)).rejects.toMatchObject({ code: 'not_found' });
    expect(await refHistory(context, subject('tested'), 9)).toHaveLength(2);
  });

  it('are there again when they are undone or made again', async () => {
    const { db, one, two, context, links } = await prepared();
    await setRef(context, subject('tested'), one, ORDER);
    await removeRef(context, subject('tested'), ORDER);
    expect(await listRemovedRefs(db, TARGET)).toEqual(['tested']);
    expect(await describeRemovedRefs(context, subject('').target)).toEqual({ tested: null });
    expect(await undoRef(context, subject('tested'), ORDER)).toMatchObject({ fromHash: null, toHash: one });
    expect(links.get('tested')).toBe(one);
    await removeRef(context, subject('tested'), ORDER);
    await setRef(context, subject('tested'), two, ORDER);
    expect(await listRemovedRefs(db, TARGET)).toEqual([]);
    expect(links.get('tested')).toBe(two);
    // It was made by its last move: there is nothing to go back to.
    await expect(undoRef(context, subject('tested'), ORDER)).rejects.toMatchObject({ code: 'invalid_argument' });
    expect(await listRemovedRefs(db, 'other')).toEqual([]);
  });

  it('are refused where they are protected, and always where they follow the trunk', async () => {
    const { db, one, context, links } = await prepared(['released']);
    const refused = (name: string, order = ORDER) => expect(removeRef(context, subject(name), order)).rejects;
    for (const name of ['current', 'consistent', 'released'])
      await moveRef(db, { target: TARGET, name, to: one, actor: 'system', reason: 'x', now: NOON });
    await refused('released').toMatchObject({
      code: 'invalid_argument',
      hint: expect.stringContaining('--force') as string,
    });
    for (const name of ['current', 'consistent'])
      await refused(name, FORCED).toMatchObject({ message: expect.stringContaining('cannot be removed') as string });
    expect(links.size).toBe(0);
    expect(await listAudit(db)).toEqual([]);
    expect(await removeRef(context, subject('released'), FORCED)).toMatchObject({ toHash: null });
    expect(await findRef(db, TARGET, 'current')).toMatchObject({ snapshotHash: one });
  });

  it('stay removed when the process is killed before the disk says so', async () => {
    const { db, one, context } = await prepared();
    await setRef(context, subject('tested'), one, ORDER);
    context.repository = () => ({ removeRef: () => Promise.reject(new Error('killed')) }) as unknown as Repository;
    await expect(removeRef(context, subject('tested'), ORDER)).rejects.toThrow('killed');
    expect(await findRef(db, TARGET, 'tested')).toBeNull();
    expect(await listRemovedRefs(db, TARGET)).toEqual(['tested']);
  });
});
