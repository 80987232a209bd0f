import { sql, type RawBuilder } from 'kysely';

/** How many there are of what people make. */
export const PEOPLE = { users: 1000, teams: 100, audited: 100_000, pins: 500, promotions: 5000, workers: 200 };

type Text = (value: RawBuilder<unknown>, width: number) => RawBuilder<unknown>;

/** Users with their rights and tokens, and what they did; as `rowsOf` in fill.ts, behind whose rows these come. */
export function rowsOfPeople(
  begin: number,
  project: (n: RawBuilder<unknown>) => RawBuilder<unknown>,
  padded: Text,
): [string, number, RawBuilder<unknown>][] {
  const { users, teams, audited, pins, promotions, workers } = PEOPLE;
  const at = sql`(${sql.lit(begin)} + i * 60000)`;
  const user = (n: RawBuilder<unknown>) => sql`'user-' || ${padded(n, 4)}`;
  const digest = (kind: string) => sql`${sql.lit(kind)} || ${padded(sql`i`, 63)}`;
  const target = sql`case when i % 2 = 1 then 'rpms' else 'debs' end`;
  return [
    [
      'users',
      users,
      sql`insert into users (name, created_at, created_by) select ${user(sql`i`)}, ${at}, 'admin' from n order by i`,
    ],
    [
      'teams',
      teams,
      sql`insert into teams (name, created_at, created_by) select 'team-' || ${padded(sql`i`, 4)}, ${at}, 'admin' from n order by i`,
    ],
    [
      'members',
      users,
      sql`insert into team_members (team_id, user_id) select 1 + i % ${sql.lit(teams)}, i from n order by i`,
    ],
    [
      'grants',
      users,
      sql`insert into grants (holder_kind, holder_id, role, project, target, ref, created_at, created_by)
        select 'user', i, 'packager', ${project(sql`i`)}, '*', '*', ${at}, 'admin' from n order by i`,
    ],
    [
      'tokens',
      users * 2,
      sql`insert into tokens (user_id, name, hash, created_at, created_by) select 1 + i % ${sql.lit(users)}, 'token-' || cast(i as text), ${digest('a')}, ${at}, 'admin' from n order by i`,
    ],
    [
      'tokens of workers',
      workers,
      sql`insert into tokens (name, hash, worker, created_at, created_by) select 'builder-' || cast(i as text), ${digest('b')}, '{"targets":["*"],"labels":[]}', ${at}, 'admin' from n order by i`,
    ],
    [
      'workers',
      workers,
      sql`insert into workers (name, host, version, profile, targets, first_seen_at, seen_at)
        select 'builder-' || cast(i as text) || '/1', 'host-' || cast(i as text), '1.0.0', '{"architectures":["x86_64","amd64"],"formats":["rpm","deb"],"builders":["sandbox"],"memory":16000000000,"labels":[]}', '["rpms","debs"]', ${at}, ${sql.lit(Date.now())} from n order by i`,
    ],
    [
      'audited changes',
      audited,
      sql`insert into audit (actor, action, subject, reason, created_at)
        select ${user(sql`(i % ${sql.lit(users)} + 1)`)}, case when i % 9973 = 0 then 'revoke_token' when i % 10 = 0 then 'move_ref' else 'recheck' end, case when i % 10 = 0 then 'ref/' || ${target} || '/current' else 'build/' || cast(i as text) end, 'because it had to be', ${at} from n order by i`,
    ],
    [
      'pins',
      pins,
      sql`insert into pins (target, project, attempt_id, reason, actor, created_at) select ${target}, ${project(sql`(i - 1) / 2`)}, i, 'the next one breaks', ${user(sql`i`)}, ${at} from n order by i`,
    ],
    [
      'promotions',
      promotions,
      sql`insert into promotions (target, name, snapshot_hash, build_id, actor, reason, votes, promoted_at)
        select s.target, 'promoted-' || cast(2 + i % 98 as text), s.hash, s.build_id, 'ci', 'all passed', '[]', ${at}
        from n join (select target, hash, build_id, row_number() over (order by created_at desc) as place from snapshots) as s on s.place = n.i`,
    ],
  ];
}
