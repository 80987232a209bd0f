import { sql, type RawBuilder } from 'kysely';
import type { Db } from '../../../src/db/index.ts';
import type { Progress } from '../measurement.ts';
import { rowsOfPeople } from './fill-access.ts';

/** How much there is in a database that nobody built anything for. */
export interface Size {
  projects: number;
  /** Half of them for each of two targets, `rpms` and `debs`; as many revisions and attempts. */
  builds: number;
  /** Of the newest successes, half of them for each target. */
  snapshots: number;
  votes: number;
  /** The last builds, which wait. */
  waiting: number;
  /** Users, what they may, and what they did, too. */
  people?: boolean;
}

/** One a project and target each minute, long ago. */
export const BEGIN = 1_700_000_000_000;
export const MINUTE = 60_000;
/** One round of builds of all projects in so many is one project's alone: a tenth of everything is of the first one. */
const BUSY = 10;
/** One pair of builds in so many was cancelled: what is rare has to be found too. */
const CANCELLED = 9973;
/** Rows of one statement: SQLite's write-ahead log holds those of one. */
const ROWS = 50_000;

/** The name of the n-th project, from 0. */
export const projectName = (n: number) => `project-${String(n).padStart(5, '0')}`;

export const isBusy = (round: number) => round % BUSY === 1;

/** Whether the i-th build, from 1, succeeds where it does not wait: as `rowsOf` has it. */
export function succeeds(i: number, projects: number): boolean {
  const pair = Math.floor((i - 1) / 2);
  return (pair + 3 * Math.floor(pair / projects)) % 8 !== 3 && pair % CANCELLED !== 5;
}

/** Fills an empty database with statements that both engines take; what it says is as a deployment's would be, with one attempt a build and short lists of packages. */
export async function fillDatabase(db: Db, size: Size, progress: Progress): Promise<void> {
  const postgres = db.adapter.name === 'postgres';
  const padded = (value: RawBuilder<unknown>, width: number) =>
    postgres
      ? sql`lpad(cast(${value} as text), ${sql.lit(width)}, '0')`
      : sql`printf(${sql.lit(`%0${width}d`)}, ${value})`;
  const named = (n: RawBuilder<unknown>) => sql`('project-' || ${padded(n, 5)})`;
  const rows = [...rowsOf(size, padded, named), ...(size.people ? rowsOfPeople(BEGIN, named, padded) : [])];
  for (const [table, count, statement] of rows) {
    progress(`${db.adapter.name}: ${String(count)} ${table}`);
    for (let from = 1; from <= count; from += ROWS) {
      const to = Math.min(count, from + ROWS - 1);
      const numbers = sql`with recursive n(i) as (select cast(${sql.lit(from)} as bigint) union all select i + 1 from n where i < ${sql.lit(to)})`;
      await sql`${numbers} ${statement}`.execute(db.sql);
    }
  }
  progress(`${db.adapter.name}: statistics`);
  await sql`analyze`.execute(db.sql);
}

/** A hundred refs of each target. A server that starts looks for the files of refs: it has to run already. */
export async function fillRefs(db: Db): Promise<void> {
  await sql`with recursive n(i) as (select cast(1 as bigint) union all select i + 1 from n where i < 100)
      insert into refs (target, name, snapshot_hash, moved_at)
        select target, case n.i when 1 then 'current' when 2 then 'consistent' else 'promoted-' || cast(n.i as text) end, hash, created_at
        from n join (select target, hash, created_at, row_number() over (partition by target order by created_at desc) as place from snapshots) as newest on newest.place = n.i`.execute(
    db.sql,
  );
}

type Padded = (value: RawBuilder<unknown>, width: number) => RawBuilder<unknown>;

function rowsOf(
  size: Size,
  padded: Padded,
  named: (n: RawBuilder<unknown>) => RawBuilder<unknown>,
): [string, number, RawBuilder<unknown>][] {
  const { projects, builds, snapshots, votes, waiting } = size;
  const begin = sql.lit(BEGIN);
  const minute = sql.lit(MINUTE);
  const pair = sql`((i - 1) / 2)`;
  const round = sql`(${pair} / ${sql.lit(projects)})`;
  const busy = sql`${round} % ${sql.lit(BUSY)} = 1`;
  const project = named(sql`case when ${busy} then 0 else ${pair} % ${sql.lit(projects)} end`);
  const sequence = sql`(${pair} + 1)`;
  const rpm = sql`i % 2 = 1`;
  const target = sql`case when ${rpm} then 'rpms' else 'debs' end`;
  const waits = sql`i > ${sql.lit(builds - waiting)}`;
  const fails = sql`(${pair} + 3 * ${round}) % 8 = 3`;
  const cancelled = sql`${pair} % ${sql.lit(CANCELLED)} = 5`;
  const state = sql`case when ${waits} then 'pending' else 'finished' end`;
  const result = sql`case when ${waits} then null when ${cancelled} then 'cancelled' when ${fails} then 'failure' else 'success' end`;
  const reason = sql`case when not (${waits}) and not (${cancelled}) and ${fails} then 'build_failed' end`;
  const detail = sql`case when not (${waits}) and not (${cancelled}) and ${fails} then 'make: *** [Makefile:12: all] Error 2' end`;
  const at = sql`(${begin} + i * ${minute})`;
  const over = sql`case when ${waits} then null else ${at} + 30000 end`;
  const hash = padded(pair, 40);
  const snapshotHash = padded(sql`i`, 64);
  const succeeds = sql`not (${waits}) and not (${fails}) and not (${cancelled})`;
  const published = sql`${succeeds} and i > ${sql.lit(builds - waiting - Math.ceil((snapshots * 8) / 7 / 2) * 2)}`;
  const commit = (which: RawBuilder<unknown>) =>
    sql`'{"hash":"' || ${which} || '","authorName":"Alice Developer","authorEmail":"alice@upstream.example","authorTime":1700000000,"committerTime":' || cast(${at} / 1000 as text) || ',"subject":"Correct what nobody had seen in part ' || cast(i as text) || '"}'`;
  const inputs = sql`'{"upstreamCommit":"' || ${hash} || '","distgitCommit":"d","target":"t","snapshot":null,"baseRepositories":[{"id":"base","address":"https://mirror.example/base","revision":null}],"builder":"sandbox","builderVersion":"1","version":null,"buildroot":["bash-5.2-1.x86_64","make-4.4-1.x86_64"],"installed":[]}'`;
  const packageName = (kind: 'source' | 'binary') =>
    sql`(${project} || '-' || cast(i as text) || '-1.' || ${kind === 'source' ? sql`'src'` : sql`'x86_64'`})`;
  const packages = (kind: 'source' | 'binary') =>
    sql`insert into packages (target, build_id, attempt_id, name, full_name, file_name, arch, kind, sha256, unsigned_sha256, size, companions, created_at)
      select ${target}, i, i, ${project}, ${packageName(kind)}, ${packageName(kind)} || '.rpm', 'x86_64', ${sql.lit(kind)}, ${padded(kind === 'source' ? sql`i * 2` : sql`i * 2 + 1`, 64)}, ${padded(sql`i * 2`, 64)}, 12345, '[]', ${at}
      from n where ${succeeds} order by i`;
  return [
    [
      'revisions',
      builds,
      sql`insert into revisions (project, format, upstream_hash, upstream_info, distgit_hash, distgit_info, sequence, created_at)
        select ${project}, case when ${rpm} then 'rpm' else 'deb' end, ${hash}, ${commit(hash)}, ${padded(sql`1`, 40)}, ${commit(padded(sql`1`, 40))}, ${sequence}, ${at} from n order by i`,
    ],
    [
      'builds',
      builds,
      sql`insert into builds (project, target, revision_id, sequence, state, result, reason, detail, snapshot, created_at, finished_at)
        select ${project}, ${target}, i, ${sequence}, ${state}, ${result}, ${reason}, ${detail}, case when ${published} then ${snapshotHash} end, ${at}, ${over} from n order by i`,
    ],
    [
      'attempts',
      builds,
      sql`insert into attempts (build_id, number, kind, rebuild, retries, priority, commit_time, state, result, reason, detail, lease, worker, not_before_at, created_at, started_at, finished_at, inputs, timings)
        select i, 1, 'initial', 0, 0, (${round} + 1), ${at} / 1000, ${state}, ${result}, ${reason}, ${detail}, 1, case when ${waits} then null else 'serve@host:1' end, ${at}, ${at}, case when ${waits} then null else ${at} end, ${over}, case when ${waits} then null else ${inputs} end, '{"total":29.5,"build":20.1}' from n order by i`,
    ],
    ['source packages', builds, packages('source')],
    ['binary packages', builds, packages('binary')],
    [
      'snapshots',
      builds,
      sql`insert into snapshots (target, hash, build_id, package_count, created_at, index_time)
        select ${target}, ${snapshotHash}, i, ${sql.lit(projects)}, ${at}, ${at} / 1000 from n where ${published} order by i`,
    ],
    [
      'events',
      builds,
      sql`insert into outbox (kind, topic, payload, created_at, delivered_to, delivered_at, tries, next_try_at)
        select 'build_finished', ${project} || ' ' || ${target}, '{"project":"' || ${project} || '","target":"' || ${target} || '","buildId":' || cast(i as text) || ',"attemptId":' || cast(i as text) || ',"result":"' || ${result} || '","reason":null}', ${at}, '["log"]', ${at}, 1, ${at} from n where not (${waits}) order by i`,
    ],
    [
      'votes',
      votes,
      sql`insert into votes (target, kind, build_id, job, in_progress, success, url, actor, voted_at, made_at, live, created_at)
        select case when b % 2 = 1 then 'rpms' else 'debs' end, 'build', b, case i % 3 when 0 then 'install' when 1 then 'unit' else 'upgrade' end, 0, case when i % 4 = 0 then 0 else 1 end, 'https://ci.example.org/1', 'ci', ${begin} + b * ${minute}, ${begin} + b * ${minute}, 1, ${begin} + b * ${minute}
        from (select i, ${sql.lit(builds - waiting)} - (i - 1) / 3 as b from n) as voted where b > 0 order by i`,
    ],
    [
      'moves of refs',
      10_000,
      sql`insert into ref_moves (target, name, to_hash, actor, reason, moved_at)
        select case when i % 2 = 1 then 'rpms' else 'debs' end, 'current', ${snapshotHash}, 'trunkline', 'build', ${at} from n order by i`,
    ],
    [
      'durations',
      projects * 2,
      sql`insert into durations (project, target, milliseconds) select ${project}, ${target}, 30000 + i % 60000 from n order by i`,
    ],
  ];
}
