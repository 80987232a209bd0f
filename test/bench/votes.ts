import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { lastGood, lastTested, openDatabase, sqliteUrl, type Db } from '../../src/db/index.ts';
import { sha256 } from '../../src/lib/index.ts';
import { createTestDatabase } from '../databases.ts';
import { BENCH } from './deployment.ts';
import { median, quantile, type Benchmark, type Measurement, type Progress } from './measurement.ts';

const COMMITS = 20_000;
const JOBS = ['build', 'unit', 'install', 'upgrade', 'nightly'];
const TARGET = 'bench';
const BEGIN = 1_700_000_000_000;
const MINUTE = 60_000;
const ASKED = 300;

/** Each commit has a vote of each job, all but a few of `nightly` good, and a repository of its own. */
async function fill(db: Db): Promise<void> {
  for (let from = 0; from < COMMITS; from += 500)
    await db.transaction(async (tx) => {
      const some = Array.from({ length: 500 }, (_, i) => from + i + 1);
      const at = (n: number) => BEGIN + n * MINUTE;
      const hash = (n: number) => sha256(String(n));
      await tx.sql
        .insertInto('revisions')
        .values(
          some.map((n) => ({
            project: 'tool',
            format: 'rpm' as const,
            upstream_hash: hash(n).slice(0, 40),
            upstream_info: '{}',
            distgit_hash: 'd',
            distgit_info: '{}',
            sequence: n,
            created_at: at(n),
          })),
        )
        .execute();
      await tx.sql
        .insertInto('builds')
        .values(
          some.map((n) => ({
            project: 'tool',
            target: TARGET,
            revision_id: n,
            sequence: n,
            state: 'finished' as const,
            result: 'success' as const,
            snapshot: hash(n),
            created_at: at(n),
            finished_at: at(n),
          })),
        )
        .execute();
      await tx.sql
        .insertInto('snapshots')
        .values(
          some.map((n) => ({
            target: TARGET,
            hash: hash(n),
            build_id: n,
            package_count: 1,
            created_at: at(n),
          })),
        )
        .execute();
      for (const kind of ['build', 'snapshot'] as const)
        for (const [place, job] of JOBS.entries())
          if (kind === 'build' || job !== 'unit')
            await tx.sql
              .insertInto('votes')
              .values(
                some.map((n) => ({
                  ...{ target: TARGET, kind, job, in_progress: 0, actor: 'ci', live: 1 },
                  build_id: kind === 'build' ? n : null,
                  snapshot_hash: kind === 'snapshot' ? hash(n) : null,
                  success: job === 'nightly' ? (n === 7 ? 1 : 0) : (n + place) % 3 === 0 ? 0 : 1,
                  ...{ url: 'https://ci.example.org/1', voted_at: at(n) + place, made_at: at(n), created_at: at(n) },
                })),
              )
              .execute();
    });
}

/** What issue 4 asks of the last tested one: any job, one job, one that is rare, and what all of several found good. */
export const benchmarkVotes: Benchmark = async (progress) => {
  const path = join(BENCH, 'votes.sqlite');
  for (const end of ['', '-wal', '-shm']) await rm(`${path}${end}`, { force: true });
  const sqlite = await openDatabase({ url: sqliteUrl(path), mode: 'write' });
  const found = await measure('sqlite', sqlite, progress);
  await sqlite.close();
  const postgres = await createTestDatabase('postgres');
  try {
    return [...found, ...(await measure('postgres', await postgres.open(), progress))];
  } finally {
    await postgres.remove();
  }
};

async function measure(engine: string, db: Db, progress: Progress): Promise<Measurement[]> {
  progress(`${engine}: filling`);
  await fill(db);
  if (engine === 'postgres') await sql`analyze`.execute(db.sql);
  const base = { target: TARGET, kind: 'build', since: null, order: 'made' } as const;
  const recent = BEGIN + (COMMITS - 60 * 24) * MINUTE;
  const asked: Readonly<Record<string, () => Promise<unknown>>> = {
    'last-tested': () => lastTested(db, base),
    'last-tested-by-vote': () => lastTested(db, { ...base, order: 'voted', since: recent }),
    'last-tested-job': () => lastTested(db, { ...base, job: 'install', result: 'success', since: recent }),
    'last-tested-snapshot': () => lastTested(db, { ...base, kind: 'snapshot', job: 'install', result: 'success' }),
    'last-tested-rare': () => lastTested(db, { ...base, job: 'nightly', result: 'success' }),
    'last-tested-none': () => lastTested(db, { ...base, job: 'nightly', result: 'success', since: recent }),
    'last-good': () => lastGood(db, { ...base, jobs: ['build', 'install', 'upgrade'] }),
    'last-good-rare': () => lastGood(db, { ...base, jobs: ['build', 'nightly'] }),
    'last-good-never': () => lastGood(db, { ...base, jobs: ['build', 'unit', 'install'] }),
  };
  const measurements: Measurement[] = [];
  for (const [name, ask] of Object.entries(asked)) {
    progress(`${engine}: ${name}`);
    const times: number[] = [];
    for (let i = 0; i < ASKED && times.reduce((sum, one) => sum + one, 0) < 10_000; i += 1) {
      const begin = performance.now();
      await ask();
      times.push(performance.now() - begin);
    }
    measurements.push({
      ...{ name: `votes-${engine}-${name}`, ours: median(times), peer: null, unit: 'ms' },
      ...{ peer_name: 'DLRN’s API, not run here', target: 'at 20,000 commits and 100,000 votes' },
      details: { p95: quantile(times, 0.95), asked: times.length },
    });
  }
  return measurements;
}
