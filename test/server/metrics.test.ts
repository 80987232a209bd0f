import { sql } from 'kysely';
import { fastify } from 'fastify';
import { expect, it, test } from 'vitest';
import { insertOutbox, type Db } from '../../src/db/index.ts';
import type { ServerContext } from '../../src/server/index.ts';
import { createMetrics } from '../../src/server/metrics/index.ts';
import { serveHealth } from '../../src/server/routes/health.ts';
import { leaseOf, recheck, retryOrFinish } from '../../src/queue/index.ts';
import { describeEngines } from '../databases.ts';
import { NOON } from '../db/samples.ts';
import { claimed, failure, infra, MINUTE, queued, ran, success } from '../queue/work.ts';

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

  it('tell how long commits took until their first success, and nothing of what a person had built again', async () => {
    const db = await (await fresh()).open();
    const metrics = await createMetrics(db, [], () => NOON, { counts: () => [] });
    // Of a commit at noon a machine fails, and what is tried again is a success: it took that long.
    await queued(db, 'slow');
    const { retry } = await retryOrFinish(db, leaseOf(await claimed(db)), infra, { maxRetries: 1, now: NOON });
    const at = (retry?.notBefore ?? NaN) + 4 * MINUTE;
    const { build } = await ran(db, success, at);
    // The same commit again under another release, once directly, once after a machine's failure.
    await recheck(db, build.id, { actor: 'ada', force: true, now: at });
    await ran(db, success, at + MINUTE);
    await recheck(db, build.id, { actor: 'ada', force: true, now: at });
    const again = await retryOrFinish(db, leaseOf(await claimed(db, at)), infra, { maxRetries: 1, now: at });
    await ran(db, success, again.retry?.notBefore ?? NaN);
    // A commit that failed until somebody mended the world around it.
    const failed = await queued(db, 'broken');
    await ran(db, failure);
    await recheck(db, failed.id, { actor: 'ada', now: at });
    await ran(db, success, at);
    const { text } = await metrics.read();
    const figure = (name: string) =>
      Number(new RegExp(`^trunkline_commit_to_installable_seconds_${name}\\{[^}]*\\} (\\S+)$`, 'm').exec(text)?.[1]);
    expect([figure('count'), figure('sum')]).toEqual([1, (at - NOON) / 1000]);
    expect(text).toMatch(/^trunkline_builds_finished_total\{[^}]*result="success"[^}]*\} 4$/m);
  });
});
