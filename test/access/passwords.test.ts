import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressBlock, createFailedLogins } from '../../src/access/failed-logins.ts';
import { checkPassword, hashPassword, verifyPassword } from '../../src/access/password.ts';
import { makeToken, tokenKind } from '../../src/access/token-text.ts';
import { createTurns } from '../../src/lib/index.ts';

describe('a password', () => {
  test('is stored with its parameters, never twice the same, and compared whatever its spelling', async () => {
    const [one, two] = [
      await hashPassword('caf\u00e9 caf\u00e9 caf\u00e9'),
      await hashPassword('caf\u00e9 caf\u00e9 caf\u00e9'),
    ];
    expect(one).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(one).not.toBe(two);
    expect(await verifyPassword('cafe\u0301 cafe\u0301 cafe\u0301', one)).toEqual({ good: true, outdated: false });
    expect(await verifyPassword('cafe cafe cafe', one)).toEqual({ good: false, outdated: false });
    expect(await verifyPassword('', one)).toEqual({ good: false, outdated: false });
    const cheap = await hashPassword('x', { ln: 4, r: 8, p: 1 });
    expect(await verifyPassword('x', cheap)).toEqual({ good: true, outdated: true });
    expect(await verifyPassword('y', cheap)).toEqual({ good: false, outdated: false });
    await expect(verifyPassword('x', '$2b$12$abc')).rejects.toThrow('is not scrypt');
  });

  test('costs as much for a user who is not there', async () => {
    const stored = await hashPassword('correct horse battery');
    const timed = async (work: () => Promise<unknown>) => {
      const times: number[] = [];
      for (let n = 0; n < 3; n += 1) {
        const started = process.cpuUsage();
        await work();
        const { user, system } = process.cpuUsage(started);
        times.push(user + system);
      }
      return times.sort((a, b) => a - b)[1] ?? 0;
    };
    const there = await timed(() => verifyPassword('wrong', stored));
    const not = await timed(() => verifyPassword('wrong', null));
    expect(not / there).toBeGreaterThan(0.6);
    expect(not / there).toBeLessThan(1.7);
  });

  test('is refused when it is short, or the user’s name', () => {
    for (const [password, problem] of [
      ['short', 'is shorter than 12'],
      ['x'.repeat(1025), 'is longer than 1024'],
      ['with\na line end', 'has a control character'],
      ['adalovelace1', 'is little more than the user’s name'],
    ] as const)
      expect(() => {
        checkPassword('adalovelace', password);
      }).toThrow(problem);
    checkPassword('adalovelace', 'correct horse battery');
  });
});

describe('a token', () => {
  test('is told from anything else by its looks', () => {
    const made = Array.from({ length: 200 }, () => makeToken('user'));
    expect(new Set(made).size).toBe(200);
    for (const token of made) expect([token, tokenKind(token)]).toEqual([token, 'user']);
    expect(tokenKind(makeToken('worker'))).toBe('worker');
    const token = makeToken('user');
    const letter = fc.stringMatching(/^[0-9A-Za-z]$/);
    fc.assert(
      fc.property(fc.integer({ min: 3, max: token.length - 1 }), letter, (at, other) => {
        fc.pre(token[at] !== other);
        expect(tokenKind(`${token.slice(0, at)}${other}${token.slice(at + 1)}`)).toBeUndefined();
      }),
    );
    for (const text of ['', 'tl_', token.slice(1), `${token}\n`, token.toUpperCase()])
      expect(tokenKind(text)).toBeUndefined();
  });
});

describe('failed logins', () => {
  const tries = (logins: ReturnType<typeof createFailedLogins>, user: string, address: string, now: number) => {
    try {
      logins.check(user, address, now);
      return 0;
    } catch (error) {
      return (error as { retryAfter: number }).retryAfter;
    }
  };

  test('are answered by a pause that doubles up to a quarter of an hour and is then forgotten', () => {
    const logins = createFailedLogins();
    const pauses: number[] = [];
    let now = 0;
    for (let n = 0; n < 18; n += 1) {
      logins.failed('ada', '192.0.2.1', now);
      const pause = tries(logins, 'ada', '192.0.2.1', now);
      pauses.push(pause);
      now += pause * 1000;
      expect(tries(logins, 'ada', '192.0.2.1', now)).toBe(0);
    }
    expect(pauses).toEqual([0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]);
    now += 15 * 60_000;
    logins.failed('ada', '192.0.2.1', now);
    expect(tries(logins, 'ada', '192.0.2.1', now)).toBe(0);
  });

  test('end with a good one, for that user', () => {
    const logins = createFailedLogins();
    for (let n = 0; n < 4; n += 1) logins.failed('ada', '192.0.2.1', 0);
    logins.succeeded('ada', '192.0.2.1');
    logins.failed('ada', '192.0.2.1', 0);
    expect(tries(logins, 'ada', '192.0.2.1', 0)).toBe(0);
  });

  test('of many users from one address are counted, whoever succeeds between', () => {
    const logins = createFailedLogins();
    for (let n = 0; n < 50; n += 1) {
      logins.failed(`user${n}`, '2001:db8::1', 0);
      logins.succeeded('mallory', '2001:db8::1');
    }
    expect(tries(logins, 'fresh', '2001:db8::ffff', 0)).toBe(1);
    expect(tries(logins, 'user1', '2001:db8:0:1::1', 0)).toBe(0);
  });

  test('of strangers at an address do not stop who is known there, and a known password cannot be guessed for ever', () => {
    const logins = createFailedLogins();
    for (let n = 0; n < 60; n += 1) logins.failed(`user${n}`, '192.0.2.1', 0);
    logins.check('ada', '192.0.2.1', 0, true);
    // Each try with one that is not known is a guess at the one that is.
    for (let n = 0; n < 5; n += 1) expect(tries(logins, 'ada', '192.0.2.1', 0)).toBeGreaterThan(0);
    expect(() => {
      logins.check('ada', '192.0.2.1', 0, true);
    }).toThrow('Too many wrong passwords');
  });

  test('take no more memory than they shall', () => {
    const logins = createFailedLogins();
    for (let n = 0; n < 5; n += 1) logins.failed('ada', '192.0.2.1', 0);
    for (let n = 0; n < 6000; n += 1) logins.failed('x'.repeat(1000), `2001:db8:${n.toString(16)}::1`, 0);
    // The oldest went.
    expect(tries(logins, 'ada', '192.0.2.1', 0)).toBe(0);
  });

  test('are counted for the /64 of an address', () => {
    const blocks: [string, string][] = [
      ['192.0.2.1', '192.0.2.1'],
      ['::ffff:192.0.2.1', '192.0.2.1'],
      ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
      ['2001:0DB8::1', '2001:db8:0:0::/64'],
      ['::1', '0:0:0:0::/64'],
      ['::', '0:0:0:0::/64'],
      ['fe80::1%eth0', 'fe80:0:0:0::/64'],
      ['1:2:3::', '1:2:3:0::/64'],
      ['', ''],
    ];
    for (const [address, block] of blocks) expect(addressBlock(address)).toBe(block);
  });
});

test('turns are taken by so many at once, and no more wait than may', async () => {
  const inTurn = createTurns(2, 3, { what: 'Too many', hint: 'wait' });
  let running = 0;
  let most = 0;
  const work = async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    if (most > 100) throw new Error('never');
  };
  const settled = await Promise.allSettled(Array.from({ length: 7 }, () => inTurn(work)));
  expect(most).toBe(2);
  expect(settled.filter(({ status }) => status === 'rejected')).toMatchObject([
    { reason: { code: 'rate_limited', retryAfter: 5 } },
    { reason: { code: 'rate_limited' } },
  ]);
  await expect(inTurn(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  await expect(inTurn(() => Promise.resolve('goes on'))).resolves.toBe('goes on');
});
