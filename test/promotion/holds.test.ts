import { expect, it } from 'vitest';
import { listAudit } from '../../src/db/index.ts';
import { addHold, holdsOf, removeHold, setRef } from '../../src/promotion/index.ts';
import { describeEngines } from '../databases.ts';
import { NOON } from '../db/samples.ts';
import { contextOf, snapshot, subject, TARGET } from './context.ts';

const ORDER = { actor: 'ada', reason: 'shipped to a customer', until: null };

describeEngines('holds', (fresh) => {
  it('keep a snapshot until they end, by themselves or by hand', async () => {
    const db = await (await fresh()).open();
    const { context } = contextOf(db);
    const [one, two] = [await snapshot(db, '1'), await snapshot(db, '2')];
    await addHold(context, subject(one.slice(0, 10)), ORDER);
    await setRef(context, subject('tested'), two, { actor: 'a', reason: 'b', force: false });
    await addHold(context, subject('tested'), { ...ORDER, until: NOON + 1 });
    expect(await holdsOf(context, TARGET)).toMatchObject([{ snapshotHash: one }, { snapshotHash: two }]);
    expect(await holdsOf(context, 'other')).toEqual([]);
    expect(await holdsOf({ ...context, now: () => NOON + 1 }, null)).toMatchObject([
      { snapshotHash: one, until: null },
    ]);
    // Held anew: the later word counts.
    await addHold(context, subject(two), ORDER);
    expect(await holdsOf({ ...context, now: () => NOON + 1 }, null)).toHaveLength(2);
    expect(await removeHold(context, subject(one), { actor: 'bob', reason: null })).toMatchObject({ endedAt: NOON });
    expect(await holdsOf(context, null)).toMatchObject([{ snapshotHash: two }]);
    await expect(removeHold(context, subject(one), { actor: 'bob', reason: null })).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(addHold(context, subject('nothing'), ORDER)).rejects.toMatchObject({ code: 'not_found' });
    expect((await listAudit(db, { subject: `snapshot/${TARGET}/${one}` })).map(({ action }) => action)).toEqual([
      'release_hold',
      'hold',
    ]);
  });
});
