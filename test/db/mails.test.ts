import { expect, it } from 'vitest';
import { insertOutbox, isMailDue, keepMails, settleMails, takeMails, type Db } from '../../src/db/index.ts';
import { describeEngines } from '../databases.ts';

const [ANN, BOB] = ['ann@x.example', 'bob@x.example'];

const event = (db: Db) =>
  db.transaction((tx) => insertOutbox(tx, { kind: 'build_recovered', topic: 'x', payload: {}, now: 1 }));

describeEngines('mails that wait', (fresh) => {
  it('become one for each address, which stays what it is until it was sent', async () => {
    const db = await (await fresh()).open();
    const [one, two, three] = [await event(db), await event(db), await event(db)];
    expect(
      await keepMails(
        db,
        one,
        new Map([
          [ANN, 100],
          [BOB, 50],
        ]),
      ),
    ).toEqual(new Set([ANN, BOB]));
    await keepMails(db, two, new Map([[ANN, 100]]));
    // Said again, as after a crash, by another configuration.
    expect(await keepMails(db, two, new Map([[ANN, 7]]))).toEqual(new Set([ANN]));
    expect(await keepMails(db, two, new Map())).toEqual(new Set([ANN]));
    expect(await isMailDue(db, 49)).toBe(false);
    expect(await takeMails(db, 49)).toBeNull();
    const bob = await takeMails(db, 60);
    expect(bob).toMatchObject({ address: BOB, events: [one], tries: 1 });
    await settleMails(db, bob?.id ?? 0, { sent: true, now: 60 });
    expect(await isMailDue(db, 99)).toBe(false);
    const ann = await takeMails(db, 100);
    expect(ann).toMatchObject({ address: ANN, events: [one, two], tries: 1 });
    await settleMails(db, ann?.id ?? 0, { sent: false, now: 100, error: 'no', nextTryAt: 200, abandon: false });
    // What is due meanwhile goes by itself, and does not change what was tried.
    await keepMails(db, three, new Map([[ANN, 150]]));
    const other = await takeMails(db, 160);
    expect(other).toMatchObject({ address: ANN, events: [three] });
    await settleMails(db, other?.id ?? 0, { sent: true, now: 160 });
    expect(await takeMails(db, 199)).toBeNull();
    expect(await takeMails(db, 200)).toEqual({ ...ann, tries: 2 });
    await settleMails(db, ann?.id ?? 0, { sent: false, now: 200, error: 'no', nextTryAt: 200, abandon: true });
    expect(await isMailDue(db, 1e12)).toBe(false);
  });
});
