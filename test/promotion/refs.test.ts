import { expect, it } from 'vitest';
import { findRef, listAudit, listTopic, moveRef } from '../../src/db/index.ts';
import { isProtected, parseSubject, refHistory, setRef, undoRef } from '../../src/promotion/index.ts';
import { describeEngines } from '../databases.ts';
import { NOON } from '../db/samples.ts';
import { contextOf, snapshot, subject, TARGET } from './context.ts';

const ORDER = { actor: 'ada', reason: 'it passed', force: false };

describeEngines('refs moved by hand', (fresh) => {
  const prepared = async (protectedRefs?: readonly string[]) => {
    const db = await (await fresh()).open();
    const [one, two] = [await snapshot(db, '1'), await snapshot(db, '2')];
    return { db, one, two, ...contextOf(db, protectedRefs) };
  };

  it('are recorded with who and why, told of, and visible', async () => {
    const { db, one, two, context, links } = await prepared();
    expect(await setRef(context, subject('tested'), one.slice(0, 8).toUpperCase(), ORDER)).toMatchObject({
      fromHash: null,
      toHash: one,
    });
    expect(links.get('tested')).toBe(one);
    expect(await setRef(context, subject('tested'), two, ORDER)).toMatchObject({ fromHash: one, toHash: two });
    // By the name of another ref.
    expect(await setRef(context, subject('again'), 'tested', ORDER)).toMatchObject({ toHash: two });
    expect(await setRef(context, subject('again'), two, ORDER)).toBeNull();
    expect(
      (await refHistory(context, subject('tested'), 10)).map(({ toHash, actor, reason }) => [toHash, actor, reason]),
    ).toEqual([
      [two, 'ada', 'it passed'],
      [one, 'ada', 'it passed'],
    ]);
    expect(await listAudit(db, { subject: `ref/${TARGET}/tested` })).toMatchObject([
      { actor: 'ada', action: 'move_ref', reason: 'it passed' },
      { action: 'move_ref' },
    ]);
    const events = await listTopic(db, `ref/${TARGET}/tested`);
    expect(events.map(({ payload }) => payload)).toMatchObject([
      { from: null, to: one, actor: 'ada' },
      { from: one, to: two },
    ]);
  });

  it('are undone to where the last move came from, whoever made it', async () => {
    const { one, two, context, links } = await prepared();
    await expect(undoRef(context, subject('tested'), ORDER)).rejects.toMatchObject({ code: 'not_found' });
    await setRef(context, subject('tested'), one, ORDER);
    await expect(undoRef(context, subject('tested'), ORDER)).rejects.toMatchObject({ code: 'invalid_argument' });
    await setRef(context, subject('tested'), two, ORDER);
    expect(await undoRef(context, subject('tested'), { ...ORDER, reason: 'it was bad' })).toMatchObject({
      fromHash: two,
      toHash: one,
      reason: 'it was bad',
    });
    expect(links.get('tested')).toBe(one);
    expect(await undoRef(context, subject('tested'), ORDER)).toMatchObject({ toHash: two });
  });

  it('are refused without force where they are protected', async () => {
    const { db, one, two, context, links } = await prepared(['released']);
    expect(['current', 'consistent', 'released', 'tested'].map((name) => isProtected(context.settings, name))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    await moveRef(db, { target: TARGET, name: 'current', to: one, actor: 'system', reason: 'x', now: NOON });
    await moveRef(db, { target: TARGET, name: 'current', to: two, actor: 'system', reason: 'x', now: NOON });
    for (const name of ['current', 'consistent', 'released'])
      await expect(setRef(context, subject(name), one, ORDER)).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(undoRef(context, subject('current'), ORDER)).rejects.toMatchObject({
      hint: expect.stringContaining('--force') as string,
    });
    expect(links.size).toBe(0);
    await undoRef(context, subject('current'), { ...ORDER, force: true });
    expect(await findRef(db, TARGET, 'current')).toMatchObject({ snapshotHash: one });
  });

  it('never point at what is not there, or means two things', async () => {
    const { db, one, context, links } = await prepared();
    await snapshot(db, '3', { target: 'other' });
    const refused = (name: string, to: string) => expect(setRef(context, subject(name), to, ORDER)).rejects;
    await refused('tested', 'ffffffff').toMatchObject({ code: 'not_found' });
    await refused('tested', one.slice(0, 7)).toMatchObject({ code: 'not_found' });
    await refused('tested', '').toMatchObject({ code: 'not_found' });
    await refused('tested', "'; drop table refs").toMatchObject({ code: 'not_found' });
    for (const name of ['../x', 'Tested', 'pool', 'ab', 'snapshots', ''])
      await refused(name, one).toMatchObject({ code: 'invalid_argument' });
    await db.sql.updateTable('snapshots').set({ gone_at: NOON }).where('hash', '=', one).execute();
    await refused('tested', one).toMatchObject({ message: expect.stringContaining('was removed on') as string });
    // A ref whose name is also the beginning of a snapshot.
    const twin = await snapshot(db, '9');
    const name = twin.slice(0, 8);
    if (/^[a-f]/.test(name)) await setRef(context, subject(name), twin, ORDER);
    expect(links.has('tested')).toBe(false);
  });
});

it('a subject is written as TARGET/NAME', () => {
  const settings = { targets: [{ name: TARGET }], file: 'x.yaml' } as unknown as Parameters<typeof parseSubject>[0];
  expect(parseSubject(settings, `${TARGET}/current`)).toMatchObject({ target: { name: TARGET }, name: 'current' });
  for (const text of ['', 'current', `${TARGET}/`, '/current', `${TARGET}/a/b`])
    expect(() => parseSubject(settings, text)).toThrow('is not written as TARGET/NAME');
  expect(() => parseSubject(settings, 'fedora/current')).toThrow('There is no target fedora');
});
