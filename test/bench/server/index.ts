import type { Benchmark } from '../measurement.ts';
import { benchmarkClaims } from './claims.ts';
import { benchmarkFirstLog } from './first-log.ts';
import { benchmarkHalfYear } from './half-year.ts';
import { benchmarkIdle } from './idle.ts';
import { benchmarkLists } from './lists.ts';
import { benchmarkPolls } from './polls.ts';

/** What issue 4 asks of a server; `npm run bench server` runs them all. */
export const SERVER_BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  'server-idle': benchmarkIdle,
  'server-polls': benchmarkPolls,
  'server-claims': benchmarkClaims,
  'server-first-log': benchmarkFirstLog,
  'server-lists': benchmarkLists,
  'server-half-year': benchmarkHalfYear,
};
