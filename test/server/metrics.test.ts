import { sql } from 'kysely';
import { fastify } from 'fastify';
import { expect, it, test } from 'vitest';
import { insertOutbox, type Db } from '../../src/db/index.ts';
import type { ServerContext } from '../../src/server/index.ts';
import { createMetrics } from '../../src/server/metrics/index.ts';
import { serveHealth } from '../../src/server/routes/health.ts';
import { describeEngines } from '../databases.ts';

test('a database that does not answer is told of soon', async () => {
  const never = { executeTakeFirst: () => new Promise(() => undefined) };
  const db = { sql: { selectFrom: () => ({ select: () => never }) } } as unknown as Db;
  const logged: string[] = [];
  const log = { error: (text: string) => logged.push(text) };
  const app = fastify();
  serveHealth(app, { trunk: { db, log }, stopping: new AbortController().signal } as unknown as ServerContext);
  const answer = await app.inject('/readyz');
  expect([answer.statusCode, logged.length]).toEqual([503, 1]);
  await app.close();
});

describeEngines('figures', (fresh) => {
  it('count an event once, whatever becomes of the next', async () => {
    const db = await (await fresh()).open();
    const metrics = await createMetrics(db, [], Date.now, { counts: () => [] });
    const finished = (result: string, attemptId: number | null) => ({
      ...{ kind: 'build_finished', topic: 'x', now: 1 },
      payload: { target: 't', result, reason: null, buildId: 1, attemptId },
    });
    await db.transaction(async (tx) => {
      await insertOutbox(tx, finished('failure', null));
      await insertOutbox(tx, finished('success', 1));
    });
    await sql`ALTER TABLE attempts RENAME TO elsewhere`.execute(db.sql);
    await expect(metrics.read()).rejects.toThrow();
    await sql`ALTER TABLE elsewhere RENAME TO attempts`.execute(db.sql);
    const { text } = await metrics.read();
    for (const result of ['failure', 'success'])
      expect(text).toMatch(new RegExp(`^trunkline_\\w+\\{target="t",result="${result}",reason=""\\} 1$`, 'm'));
  });
});
