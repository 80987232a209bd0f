import { expect, it } from 'vitest';
import { listWorkers, saveWorker, touchWorker } from '../../src/db/index.ts';
import { readWorkers, unservedTargets } from '../../src/queue/index.ts';
import type { Settings } from '../../src/model/index.ts';
import { describeEngines } from '../databases.ts';

const NOON = Date.UTC(2026, 10, 20, 12);
const DAY = 86_400_000;
const profile = {
  architectures: ['x86_64'],
  formats: ['rpm' as const],
  builders: ['sandbox'],
  memory: 2 ** 33,
  labels: ['gpu'],
};
const worker = (name: string, targets: string[]) => ({ name, host: 'h\u0000ost', version: '1', profile, targets });
const target = (name: string, labels: string[]) => ({
  ...{ name, labels, format: 'rpm', builder: 'sandbox', arch: 'x86_64', limits: { memory: 1 } },
});

describeEngines('the list of workers', (fresh) => {
  it('has who was heard of, once each, and forgets who was not for long', async () => {
    const db = await (await fresh()).open();
    await saveWorker(db, worker('worker/old/a', []), NOON - 31 * DAY);
    await saveWorker(db, worker('worker/one/a', ['t']), NOON - DAY);
    await saveWorker(db, worker('worker/one/a', ['t', 'u']), NOON);
    expect(await listWorkers(db)).toMatchObject([
      { name: 'worker/old/a' },
      { name: 'worker/one/a', profile, targets: ['t', 'u'], firstSeenAt: NOON - DAY, seenAt: NOON },
    ]);
    await saveWorker(db, worker('worker/one/b', []), NOON);
    expect((await listWorkers(db)).map(({ name }) => name)).toEqual(['worker/one/a', 'worker/one/b']);
    await touchWorker(db, 'worker/one/b', NOON + 60_000);
    await touchWorker(db, 'worker/nobody/b', NOON + 60_000);
    const seen = (await readWorkers(db, NOON + 150_000)).map(({ name, present }) => [name, present]);
    expect(seen).toEqual([
      ['worker/one/a', false],
      ['worker/one/b', true],
    ]);
    // A token that invents names fills no disk.
    for (let n = 0; n < 104; n += 1) await saveWorker(db, worker(`worker/many/${String(n)}`, []), NOON);
    expect((await listWorkers(db)).filter(({ name }) => name.startsWith('worker/many/'))).toHaveLength(100);
  });

  it('says for which targets nobody is there', async () => {
    const db = await (await fresh()).open();
    const targets = [target('plain', []), target('graphic', ['gpu']), target('far', ['moon'])];
    const settings = { targets, server: { labels: [] } } as unknown as Settings;
    // trunkline run builds.
    expect([...(await unservedTargets(db, settings, NOON)).keys()]).toEqual(['graphic', 'far']);
    await saveWorker(db, worker('worker/one/a', ['graphic']), NOON);
    const unserved = await unservedTargets(db, settings, NOON + 1000);
    expect([...unserved]).toEqual([
      ['plain', 'worker/one/a: is not ready for it, or may not'],
      ['far', 'worker/one/a: the label is moon, and the worker has gpu'],
    ]);
  });
});
