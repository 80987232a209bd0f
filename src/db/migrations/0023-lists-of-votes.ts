import { sql } from 'kysely';
import type { Migration } from './migration.ts';

/** Lists of a target's votes, of one job's or result's too: where few fit, all votes of a job were walked. */
export const listsOfVotes: Migration = {
  number: 23,
  name: '0023-lists-of-votes',
  async up(transaction) {
    const statements = [
      sql`drop index votes_job`,
      sql`create index votes_target on votes (target, id)`,
      sql`create index votes_result on votes (target, success, id)`,
      sql`create index votes_job on votes (target, job, id)`,
      sql`create index votes_job_result on votes (target, job, success, id)`,
    ];
    for (const statement of statements) await statement.execute(transaction);
  },
};
