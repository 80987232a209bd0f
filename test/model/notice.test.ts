import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideNotice, isBroken, type Notice, type Standing, type Told } from '../../src/model/index.ts';

describe('when maintainers are told', () => {
  it.each<[Told, number | null, number | null, Notice]>([
    ['healthy', null, null, null],
    ['healthy', 1, null, null],
    ['healthy', 1, 2, 'failure'],
    ['healthy', null, 1, 'failure'],
    // A late older failure breaks nothing.
    ['healthy', 5, 3, null],
    ['broken', 1, 2, null],
    ['broken', 3, 2, 'recovery'],
    // A late older success mends nothing.
    ['broken', 2, 3, null],
    // The failure was taken back (skipped, cancelled), but nothing has been built since.
    ['broken', null, null, null],
  ])('told %s, newest success %s, newest failure %s: %s', (told, newestSuccess, newestFailure, notice) => {
    expect(decideNotice(told, { newestSuccess, newestFailure })).toBe(notice);
  });

  it('alternates, and ends with what is true, in whatever order builds finish', () => {
    const builds = fc.uniqueArray(fc.record({ sequence: fc.nat(30), ok: fc.boolean() }), {
      selector: ({ sequence }) => sequence,
    });
    fc.assert(
      fc.property(builds, (finished) => {
        let told: Told = 'healthy';
        const standing: Standing = { newestSuccess: null, newestFailure: null };
        const notices: Notice[] = [];
        for (const { sequence, ok } of finished) {
          const key = ok ? 'newestSuccess' : 'newestFailure';
          standing[key] = Math.max(standing[key] ?? -1, sequence);
          const notice = decideNotice(told, standing);
          if (notice === null) continue;
          notices.push(notice);
          told = notice === 'failure' ? 'broken' : 'healthy';
        }
        notices.forEach((notice, i) => {
          expect(notice).toBe(i % 2 === 0 ? 'failure' : 'recovery');
        });
        expect(told === 'broken').toBe(isBroken(standing));
      }),
    );
  });
});
