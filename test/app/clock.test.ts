import { afterEach, expect, test, vi } from 'vitest';
import { openClock } from '../../src/app/clock.ts';
import { databaseClock } from '../../src/db/index.ts';
import { createLog } from '../../src/lib/index.ts';
import { describeEngines } from '../databases.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const HOUR = 3_600_000;

describeEngines('the clock of a server', (fresh, engine) => {
  test('is that of the database where there are several servers, whatever this machine’s says and is set to', async () => {
    const db = await (await fresh()).open();
    const right = Date.now();
    vi.spyOn(Date, 'now').mockReturnValue(right + HOUR);
    const clock = await openClock(db, createLog('silent'));
    const shared = engine === 'postgres';
    const expected = shared ? await databaseClock(db) : right + HOUR;
    expect(Math.abs(clock.now() - (expected ?? 0))).toBeLessThan(shared ? 30_000 : 1);
    vi.spyOn(Date, 'now').mockReturnValue(right - HOUR);
    const later = shared ? await databaseClock(db) : right - HOUR;
    expect(Math.abs(clock.now() - (later ?? 0))).toBeLessThan(shared ? 30_000 : 1);
    expect(Number.isInteger(clock.now())).toBe(true);
    clock.stop();
  });
});
