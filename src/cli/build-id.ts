import { TrunklineError } from '../lib/index.ts';

/** A build's number out of an argument. @throws TrunklineError `invalid_argument`. */
export function buildId(text: string | undefined): number {
  const id = Number(text);
  if (Number.isSafeInteger(id) && id > 0) return id;
  throw new TrunklineError('invalid_argument', `${JSON.stringify(text ?? '')} is not the number of a build`, {
    hint: 'trunkline builds lists them',
  });
}
