import { createHash } from 'node:crypto';
import { test, type TestFunction, type TestOptions } from 'vitest';

/**
 * `scripts/test.ts` says with this variable, as `2/3`, which sample of the tests that take many seconds it wants when it runs everything; the commit
 * chooses it, so that a few commits in a row see all of them. Unset, as with `npm run test:long` or for files that are named, all of them run.
 */
const SAMPLE = process.env.TRUNKLINE_TEST_SAMPLE;
/** With this before their names, the six samples take about as long each. */
const SPREAD = '2591';

/** Whether a test, or a file's tests together, belong to the sample that is run. */
export function inSample(name: string): boolean {
  if (SAMPLE === undefined) return true;
  const [wanted = 0, of = 1] = SAMPLE.split('/').map(Number);
  return createHash('sha256').update(`${SPREAD} ${name}`).digest().readUInt32BE(0) % of === wanted % of;
}

/** A test of many seconds, as `test` has it; skipped where it is not in the sample. */
export function sampled(name: string, body: TestFunction, timeout?: number): void;
export function sampled(name: string, options: TestOptions, body: TestFunction): void;
export function sampled(name: string, ...rest: unknown[]): void {
  (test.runIf(inSample(name)) as (...all: unknown[]) => void)(name, ...rest);
}
