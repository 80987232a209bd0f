import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import {
  listBuilds,
  listEvents,
  listPackagesBy,
  listSnapshots,
  listWaiting,
  readStandings,
  readSummaries,
  type Db,
} from '../../src/db/index.ts';
import { createTestDatabase, describeEngines } from '../databases.ts';
import { claimed, failure, queued, ran, success } from '../queue/work.ts';
import { revision } from './samples.ts';

const PROJECTS = ['tool', 'other', 'never'];
const TARGETS = ['fedora-43-x86_64', 'debian-12-amd64'];

describeEngines('how projects stand', (fresh) => {
  test('is told of the pairs asked for as the walk over all builds tells it', async () => {
    const database = await fresh();
    const db = await database.open();
    for (const [name, work, project, target] of [
      ['a', success, 'tool', 0],
      ['b', failure, 'tool', 0],
      ['c', failure, 'tool', 0],
      ['a', failure, 'tool', 1],
      ['a', success, 'other', 0],
    ] as const) {
      await queued(db, name, { project, target: TARGETS[target] ?? '' });
      await ran(db, work);
    }
    await queued(db, 'd', { project: 'tool', target: TARGETS[0] ?? '' });
    await queued(db, 'b', { project: 'other', target: TARGETS[0] ?? '' });
    await claimed(db);
    const pairs = PROJECTS.flatMap((project) => TARGETS.map((target) => ({ project, target })));
    const standings = await readStandings(db, pairs);
    expect(standings.map(({ project, target }) => ({ project, target }))).toEqual(pairs);
    for (const one of standings) {
      const [walked] = await readSummaries(db, { project: one.project, target: one.target });
      expect({
        newest: one.newest?.build.id,
        good: one.lastSuccess?.build.id,
        broken: one.firstFailure?.build.id,
        waiting: [one.pending, one.running],
      }).toEqual({
        newest: walked?.newest.buildId,
        good: walked?.lastSuccess?.buildId,
        broken: walked?.firstFailure?.buildId,
        waiting: [walked?.pending ?? 0, walked?.running ?? 0],
      });
    }
    expect(await readStandings(db, [])).toEqual([]);
  });

  test('lists go on after their last entry and leave nothing out', async () => {
    const database = await fresh();
    const db = await database.open();
    for (let index = 0; index < 7; index += 1)
      await queued(db, `c${String(index)}`, { priority: index % 2, time: 1_795_000_000 + (index % 3) });
    const whole = await listWaiting(db, { limit: 100 });
    expect(whole).toHaveLength(7);
    const paged: typeof whole = [];
    for (;;) {
      const after = paged.at(-1);
      const page = await listWaiting(db, { limit: 2, ...(after === undefined ? {} : { after }) });
      if (page.length === 0) break;
      paged.push(...page);
    }
    expect(paged).toEqual(whole);
    expect(await listWaiting(db, { limit: 10, targets: [] })).toEqual([]);
    expect(await listWaiting(db, { limit: 10, targets: ['debian-12-amd64'] })).toEqual([]);
    await revision(db, 'unused');
  });
});

test('no list of the API walks a table or sorts: SQLite answers each from an index', async () => {
  const database = await createTestDatabase('sqlite');
  try {
    const db = await database.open();
    const target = 'fedora-43-x86_64';
    const before = 500_000;
    const asked: Record<string, (db: Db) => Promise<unknown>> = {
      builds: () => listBuilds(db, { before }),
      'builds of a project': () => listBuilds(db, { project: 'tool', before }),
      'builds for a target': () => listBuilds(db, { target, before }),
      'failures for a target': () => listBuilds(db, { target, result: 'failure', before }),
      failures: () => listBuilds(db, { result: 'failure', before }),
      'running builds': () => listBuilds(db, { state: 'running', before }),
      'pending builds of a project': () => listBuilds(db, { state: 'pending', project: 'tool', before }),
      'packages of a name': () => listPackagesBy(db, { name: 'tool', before, limit: 50 }),
      'packages of a target': () => listPackagesBy(db, { target, before, limit: 50 }),
      'packages of a build': () => listPackagesBy(db, { build: 7, before, limit: 50 }),
      snapshots: () => listSnapshots(db, target, { before: { createdAt: 5, hash: 'a' } }),
      events: () => listEvents(db, { after: 9, limit: 50 }),
      'events of a kind': () => listEvents(db, { after: 9, kind: 'ref_moved', limit: 50 }),
      queue: () => listWaiting(db, { after: { priority: 0, commitTime: 1, id: 2 }, limit: 50 }),
      standings: () => readStandings(db, [{ project: 'tool', target }]),
    };
    for (const [what, ask] of Object.entries(asked)) {
      const plan = await planOf(database.url, () => ask(db));
      expect(plan).not.toEqual([]);
      expect([what, plan.join('\n')]).toEqual([what, expect.not.stringMatching(WALKS)]);
    }
  } finally {
    await database.remove();
  }
});

/** A table read from its beginning, or rows sorted after all were read. A walk in the order of the primary key that ends with the page is none. */
const WALKS = /SCAN (?!p\b|CONSTANT|\d)(?!.*USING)|USE TEMP B-TREE FOR ORDER BY/;

/** How SQLite answers the statements of a query. */
async function planOf(url: string, ask: () => Promise<unknown>): Promise<string[]> {
  const texts: string[] = [];
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the database it belongs to
  const { prepare } = Database.prototype;
  Database.prototype.prepare = function (this: Database.Database, text: string) {
    texts.push(text);
    return prepare.call(this, text);
  } as typeof prepare;
  try {
    await ask();
  } finally {
    Database.prototype.prepare = prepare;
  }
  const database = new Database(decodeURIComponent(new URL(url).pathname), { readonly: true });
  try {
    return texts
      .filter((text) => /^\s*(select|with)/i.test(text))
      .flatMap((text) => {
        const statement = database.prepare(`explain query plan ${text}`);
        const values = Array.from({ length: text.match(/\?/g)?.length ?? 0 }, () => 1);
        return (statement.all(...values) as { detail: string }[]).map(({ detail }) => detail);
      });
  } finally {
    database.close();
  }
}
