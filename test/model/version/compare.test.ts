import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import {
  compareDebVersions,
  compareRpmVersions,
  rpmvercmp,
  verrevcmp,
  type Ordering,
} from '../../../src/model/index.ts';
import {
  dpkgProgramSays,
  LONG,
  realDebVersions,
  realRpmVersions,
  realRpmvercmp,
  SEED,
  type Pair,
} from './real-comparators.ts';

const CASES = LONG ? 400_000 : 20_000;
vi.setConfig({ testTimeout: LONG ? 900_000 : 60_000 });

const rpmPiece = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('0', '1', '2', '9', '10', '00', '01', '20260101000000') },
  { weight: 2, arbitrary: fc.constantFrom('a', 'b', 'rc', 'dev', 'post', 'git', 'A', 'fc43') },
  { weight: 4, arbitrary: fc.constantFrom('.', '~', '^', '+', '_', '..', '~~', '^^', '~^', '^~') },
  { weight: 1, arbitrary: fc.constantFrom('é', '%', ' ', '-', ':') },
);
const rpmText = fc.array(rpmPiece, { minLength: 1, maxLength: 7 }).map((pieces) => pieces.join(''));
const debPiece = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('0', '1', '2', '9', '10', '00', '01') },
  { weight: 3, arbitrary: fc.constantFrom('a', 'b', 'rc', 'Z', 'git', 'post') },
  { weight: 4, arbitrary: fc.constantFrom('.', '~', '+', '~~', '+~') },
);
const debText = fc.array(debPiece, { maxLength: 7 }).map((pieces) => `0${pieces.join('')}`);

/** Pairs that are often nearly the same, since unrelated ones differ in their first character. */
function pairsOf(text: fc.Arbitrary<string>, piece: fc.Arbitrary<string>): fc.Arbitrary<Pair> {
  const near = fc.tuple(text, piece, piece, fc.nat(8)).map(([base, x, y, at]): Pair => {
    const head = base.slice(0, Math.max(1, at));
    return [`${head}${x}${base.slice(head.length)}`, `${head}${y}${base.slice(head.length)}`];
  });
  const longer = fc.tuple(text, piece).map(([base, more]): Pair => [base, base + more]);
  return fc.oneof(fc.tuple(text, text), near, longer);
}

async function agrees(
  arbitrary: fc.Arbitrary<Pair>,
  ours: (a: string, b: string) => Ordering,
  real: (pairs: readonly Pair[]) => Promise<number[]>,
) {
  const pairs = fc.sample(arbitrary, { numRuns: CASES, seed: SEED });
  const answers = await real(pairs);
  const wrong = pairs.flatMap(([a, b], index) =>
    ours(a, b) === answers[index] && ours(b, a) === 0 - answers[index] ? [] : [[a, b, ours(a, b), answers[index]]],
  );
  expect(wrong.slice(0, 5)).toEqual([]);
  // Each answer has to come up, or the pairs test nothing.
  expect(new Set(answers).size).toBe(3);
}

describe('rpm', () => {
  test('single parts are compared as rpmvercmp compares them', async () => {
    await agrees(pairsOf(rpmText, rpmPiece), rpmvercmp, realRpmvercmp);
  });

  test('epoch, version and release are taken apart and compared as rpm does', async () => {
    const evr = fc
      .tuple(
        fc.constantFrom('', '0:', '1:', '10:'),
        fc.constantFrom('1', '1.2', '1.2~rc1', '1.2^1', '2'),
        fc.constantFrom('', '-1', '-1.r1', '-2.fc43', '-1-1'),
      )
      .map((parts) => parts.join(''));
    await agrees(fc.tuple(evr, evr), compareRpmVersions, realRpmVersions);
  });
});

describe('deb', () => {
  test('upstream versions are compared as dpkg compares them', async () => {
    await agrees(pairsOf(debText, debPiece), verrevcmp, realDebVersions);
  });

  test('epoch, version and revision are taken apart and compared as dpkg does', async () => {
    const full = fc
      .tuple(
        fc.constantFrom('', '0:', '1:', '10:'),
        debText,
        fc.constantFrom('', '-0', '-1', '-1+b1', '-1~bpo1', '-1-1'),
      )
      .map((parts) => parts.join(''));
    await agrees(fc.tuple(full, full), compareDebVersions, realDebVersions);
  });

  test('the dpkg program says the same', async () => {
    const pairs = fc.sample(pairsOf(debText, debPiece), { numRuns: LONG ? 500 : 30, seed: SEED });
    for (const pair of pairs) {
      const relation = ({ '-1': 'lt', '0': 'eq', '1': 'gt' } as const)[verrevcmp(...pair)];
      expect([pair, relation, await dpkgProgramSays(pair, relation)]).toEqual([pair, relation, true]);
    }
  });
});
