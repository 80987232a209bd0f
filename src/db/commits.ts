import { TrunklineError } from '../lib/index.ts';
import { toBuild, withRevisions, type BuildWithRevision } from './builds.ts';
import type { DbOrTx } from './database.ts';

/**
 * The builds of commits, upstream or distgit, whose hash begins with `prefix` (at least four hexadecimal digits, either case), the last made
 * first. @throws TrunklineError `invalid_argument` when it is no beginning of a hash
 */
export async function findBuildsByCommit(db: DbOrTx, prefix: string): Promise<BuildWithRevision[]> {
  if (!/^[0-9a-f]{4,64}$/i.test(prefix))
    throw new TrunklineError('invalid_argument', `"${prefix.slice(0, 80)}" is no beginning of a commit's hash`, {
      hint: 'give at least four hexadecimal digits of it',
    });
  const low = prefix.toLowerCase();
  // 'g' follows the last hexadecimal digit: a range that the index answers.
  const high = `${low}g`;
  const rows = await db.sql
    .selectFrom('builds')
    .selectAll()
    .where('revision_id', 'in', (eb) =>
      eb
        .selectFrom('revisions')
        .select('id')
        .where((or) =>
          or.or([
            or.and([or('upstream_hash', '>=', low), or('upstream_hash', '<', high)]),
            or.and([or('distgit_hash', '>=', low), or('distgit_hash', '<', high)]),
          ]),
        ),
    )
    .orderBy('id', 'desc')
    .execute();
  return withRevisions(db, rows.map(toBuild));
}
