import { describeError, TrunklineError } from '../../lib/index.ts';

/** Something wrong, and what to do about it. */
export interface Ailment {
  what: string;
  remedy: string;
  /** A file of the pool that is not what was published, which can be put aside. */
  damaged?: { target: string; fullName: string; fileName: string };
}

/** What came of one check. */
export interface Examination {
  check: string;
  /** `skipped`: what it needs could not be had, which another check says. */
  state: 'well' | 'wrong' | 'skipped';
  /** A fact worth knowing though nothing is wrong, such as who holds the data directory. */
  fact: string | null;
  ailments: readonly Ailment[];
}

/** What a check answers: what is wrong, and perhaps a fact. */
export type Found = readonly Ailment[] | { fact: string | null; ailments: readonly Ailment[] };

/** Makes one check; one that throws has found that. */
export async function examine(check: string, look: () => Promise<Found>): Promise<Examination> {
  try {
    const found = await look();
    const { fact, ailments } = 'ailments' in found ? found : { fact: null, ailments: found };
    return { check, state: ailments.length === 0 ? 'well' : 'wrong', fact, ailments };
  } catch (error) {
    return { check, state: 'wrong', fact: null, ailments: [ailmentOf(error)] };
  }
}

export const skipped = (check: string): Examination => ({ check, state: 'skipped', fact: null, ailments: [] });

/** An error as what is wrong. */
export function ailmentOf(error: unknown): Ailment {
  if (error instanceof TrunklineError) {
    const where = error.where === undefined ? '' : ` (${error.where})`;
    return { what: `${error.message}${where}`, remedy: error.hint ?? 'see the message' };
  }
  return { what: describeError(error), remedy: 'see the message' };
}
