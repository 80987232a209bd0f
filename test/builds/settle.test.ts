import { expect, it } from 'vitest';
import type { AttemptInProgress } from '../../src/builds/begin.ts';
import type { TrunkContext } from '../../src/builds/context.ts';
import { failureOf, waitsForMending } from '../../src/builds/failure.ts';
import { settleFailure } from '../../src/builds/settle.ts';
import { requireBuild } from '../../src/db/index.ts';
import { TrunklineError } from '../../src/lib/index.ts';
import { describeEngines } from '../databases.ts';
import { NOON } from '../db/samples.ts';
import { claimed, queued } from '../queue/work.ts';

const HOUR = 3_600_000;

describeEngines('an attempt that failed', (fresh) => {
  it('is tried again for as long as nobody mends what every build meets, and as often as is set for other trouble', async () => {
    const db = await (await fresh()).open();
    let now = NOON;
    const context = { db, settings: { maxRetries: 2 }, now: () => now } as unknown as TrunkContext;
    const { id } = await queued(db, 'a');
    const fail = async (error: Error) => {
      const progress = { attempt: await claimed(db, now), inputs: {}, timings: {} } as unknown as AttemptInProgress;
      return settleFailure(context, progress, failureOf(error), { untilMended: waitsForMending(error) });
    };
    const lasting = [
      new TrunklineError('signing_failed', 'The key expired on Monday'),
      new TrunklineError('no_space', 'No space left'),
      Object.assign(new Error('write'), { code: 'ENOSPC' }),
    ];
    for (let tried = 0; tried < 12; tried += 1) {
      const again = await fail(lasting[tried % lasting.length] ?? new Error());
      expect(again).toBeGreaterThan(now);
      expect(again).toBeLessThanOrEqual(now + HOUR);
      now = again ?? NaN;
    }
    expect(await requireBuild(db, id)).toMatchObject({ state: 'pending', result: null });
    expect(await fail(new Error('a mirror is gone'))).toBeNull();
    expect(await requireBuild(db, id)).toMatchObject({ state: 'finished', result: 'failure', reason: 'infra_error' });
  });
});
