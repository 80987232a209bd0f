import { TrunklineError } from '../../../../lib/index.ts';

/** A refusal of what a packaging supplies; `where` is the file, with its line where that is known. */
export function invalidSupplement(where: string, what: string, hint: string): TrunklineError {
  return new TrunklineError('source_invalid', what, { where, hint });
}
