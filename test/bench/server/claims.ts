import type { Db } from '../../../src/db/index.ts';
import { claim } from '../../../src/queue/index.ts';
import { createTestDatabase } from '../../databases.ts';
import { median, quantile, rounded, type Benchmark } from '../measurement.ts';
import { fillDatabase } from './fill.ts';
import { scaled } from './serving.ts';

const WORKERS = 50;
const SERVERS = 2;
const QUEUE = scaled(20_000);
const PROJECTS = 275;
const LEASE = 120_000;

/** Fifty workers, at two servers as threads of this process, empty a queue on PostgreSQL, each claiming again as soon as it has something. */
export const benchmarkClaims: Benchmark = async (progress) => {
  const database = await createTestDatabase('postgres');
  try {
    const size = { projects: PROJECTS, builds: QUEUE, waiting: QUEUE, snapshots: 0, votes: 0 };
    await fillDatabase(await database.open(), size, progress);
    const servers: Db[] = [];
    for (let n = 0; n < SERVERS; n += 1) servers.push(await database.open());
    const times: number[] = [];
    const filter = { targets: ['rpms', 'debs'] };
    const work = async (n: number) => {
      const db = servers[n % SERVERS];
      if (db === undefined) return;
      for (;;) {
        const began = performance.now();
        const taken = await claim(db, { worker: `bench/${String(n)}`, now: Date.now(), leaseMs: LEASE, filter });
        if (taken === null) return;
        times.push(performance.now() - began);
      }
    };
    progress(`${String(WORKERS)} workers claim ${String(QUEUE)} attempts`);
    const began = performance.now();
    await Promise.all(Array.from({ length: WORKERS }, (_, n) => work(n)));
    const seconds = (performance.now() - began) / 1000;
    if (times.length !== QUEUE) throw new Error(`${String(times.length)} claims of ${String(QUEUE)} attempts`);
    return [
      {
        ...{ name: 'server-claims', ours: QUEUE / seconds, peer: null, unit: 'claims a second', peer_name: 'none' },
        target: `>= 1000 a second from ${String(WORKERS)} workers on PostgreSQL, ${String(QUEUE)} waiting`,
        details: {
          ...{ median_ms: rounded(median(times)), percentile95_ms: rounded(quantile(times, 0.95)) },
          // As the tests' own PostgreSQL runs: what a disk takes to sync comes to it, once for all that commit together.
          fsync: 'off',
        },
      },
    ];
  } finally {
    await database.remove();
  }
};
