import { expect, it } from 'vitest';
import { listAudit, listTopic } from '../../src/db/index.ts';
import { MARK_DEFAULT } from '../../src/model/index.ts';
import { parseThing, reportVote, votesOf, votesOn } from '../../src/promotion/index.ts';
import { describeEngines } from '../databases.ts';
import { build, NOON } from '../db/samples.ts';
import { contextOf, snapshot, TARGET } from './context.ts';
import { HOUR, published, report } from './votes-samples.ts';

describeEngines('votes', (fresh) => {
  const opened = async () => {
    const db = await (await fresh()).open();
    const world = contextOf(db);
    return { db, ...world, later: (by: number) => ({ ...world.context, now: () => NOON + by }) };
  };
  const results = (votes: readonly { job: string; result: string }[]) =>
    votes.map(({ job, result }) => `${job}: ${result}`);

  it('are kept, and the one cast last counts for a job', async () => {
    const { db, context, later } = await opened();
    const hash = await snapshot(db, '1');
    const thing = { target: TARGET, snapshot: hash.slice(0, 8) };
    const url = 'https://ci.example.org/1';
    await reportVote(context, thing, report('tempest', 'failure', { url, notes: 'flaky <b>' }));
    await reportVote(later(HOUR), thing, report('tempest', 'success'));
    await reportVote(later(2 * HOUR), thing, report('upgrade', 'failure'));
    // Told late of what was earlier.
    await reportVote(later(3 * HOUR), thing, report('tempest', 'failure', { votedAt: NOON + 1 }));
    expect(results(await votesOn(context, thing))).toEqual(['tempest: success', 'upgrade: failure']);
    const all = await votesOf(context, { thing });
    expect(all.map(({ live }) => live)).toEqual([false, true, true, false]);
    expect(all.at(-1)).toMatchObject({ snapshot: hash, url, notes: 'flaky <b>', votedAt: NOON, actor: 'jenkins' });
    expect(results(await votesOf(context, { job: 'upgrade' }))).toEqual(['upgrade: failure']);
    expect(await votesOf(context, { result: 'failure', limit: 2, before: all[0]?.id ?? 0 })).toHaveLength(2);
    expect(await listAudit(db, { subject: `snapshot/${TARGET}/${hash}` })).toHaveLength(4);
    expect((await listTopic(db, `votes/${TARGET}/${hash}`)).map(({ payload }) => payload)).toMatchObject([
      { job: 'tempest', result: 'failure', snapshot: hash, buildId: null },
      { result: 'success' },
      {},
      {},
    ]);
  });

  it('are of builds with a repository too', async () => {
    const { db, context } = await opened();
    const good = await published(db, 'a');
    const waiting = await build(db, 'b');
    await reportVote(context, { buildId: good.id }, report('tempest', 'success'));
    expect(await votesOn(context, { buildId: good.id })).toMatchObject([{ kind: 'build', buildId: good.id }]);
    // The snapshot has none of its own.
    expect(await votesOn(context, { target: TARGET, snapshot: good.snapshot ?? '' })).toEqual([]);
    const refused = (id: number) => expect(reportVote(context, { buildId: id }, report('tempest', 'success'))).rejects;
    await refused(waiting.id).toMatchObject({ code: 'invalid_argument' });
    await refused(999).toMatchObject({ code: 'not_found' });
  });

  it('in progress end with the verdict, or by themselves', async () => {
    const { db, context, later } = await opened();
    const thing = { target: TARGET, snapshot: await snapshot(db, '1') };
    const marked = await reportVote(context, thing, report('tempest', 'in_progress'));
    expect(marked).toMatchObject({ result: 'in_progress', expiresAt: NOON + MARK_DEFAULT });
    await reportVote(context, thing, report('upgrade', 'in_progress', { lasts: HOUR }));
    expect(results(await votesOn(later(HOUR - 1), thing))).toEqual(['tempest: in_progress', 'upgrade: in_progress']);
    expect(results(await votesOn(later(HOUR), thing))).toEqual(['tempest: in_progress']);
    // Marked again, it goes on.
    await reportVote(later(HOUR), thing, report('upgrade', 'in_progress', { lasts: HOUR }));
    expect(await votesOn(later(HOUR + 1), thing)).toHaveLength(2);
    await reportVote(later(HOUR + 2), thing, report('upgrade', 'success'));
    expect(results(await votesOn(later(HOUR + 3), thing))).toEqual(['tempest: in_progress', 'upgrade: success']);
    expect(await votesOn(later(MARK_DEFAULT), thing)).toHaveLength(1);
    await expect(reportVote(context, thing, report('x', 'in_progress', { lasts: 1e12 }))).rejects.toMatchObject({
      code: 'invalid_argument',
    });
  });

  it('of one job on one thing at once leave one that counts', async () => {
    const { db, context } = await opened();
    const thing = { target: TARGET, snapshot: await snapshot(db, '1') };
    await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        reportVote(context, thing, report('tempest', i % 3 === 0 ? 'in_progress' : 'success')),
      ),
    );
    const counting = (await votesOf(context, { thing })).filter(({ live }) => live);
    expect(counting.filter(({ result }) => result === 'success')).toHaveLength(1);
    expect(counting.length).toBeLessThanOrEqual(2);
  });

  it('name what they are of by what does not move', async () => {
    const { db, context } = await opened();
    const hash = await snapshot(db, '1');
    const { settings } = context;
    expect(parseThing(settings, '17')).toEqual({ buildId: 17 });
    expect(parseThing(settings, `${TARGET}/${hash}`)).toEqual({ target: TARGET, snapshot: hash });
    for (const text of ['', '0', '-1', 'current', `${TARGET}/`, `${TARGET}/a/b`, '1e3'])
      expect(() => parseThing(settings, text)).toThrow('is neither a build nor a snapshot');
    const refused = (name: string) =>
      expect(reportVote(context, { target: TARGET, snapshot: name }, report('tempest', 'success'))).rejects;
    await refused('current').toMatchObject({ code: 'invalid_argument' });
    await refused('ffffffff').toMatchObject({ code: 'not_found' });
    await expect(
      reportVote(context, { target: 'fedora', snapshot: hash }, report('tempest', 'success')),
    ).rejects.toMatchObject({ code: 'not_found' });
    expect(await votesOf(context, {})).toEqual([]);
  });
});
