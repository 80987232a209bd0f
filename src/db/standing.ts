import type { Standing } from '../model/index.ts';
import { toBuild } from './builds.ts';
import type { DbOrTx } from './database.ts';
import type { Build } from '../model/index.ts';

/** A `Standing` with the builds it rests on. */
export interface StandingBuilds extends Standing {
  /** The newest success in history order. */
  success: Build | null;
  /** The oldest failure of the package's own that no success comes after. */
  firstFailure: Build | null;
}

/** How a project stands on a target, infrastructure errors left out: they say nothing of the package. */
export async function readStanding(db: DbOrTx, project: string, target: string): Promise<StandingBuilds> {
  const builds = db.sql.selectFrom('builds').selectAll().where('project', '=', project).where('target', '=', target);
  const success = await builds.where('result', '=', 'success').orderBy('sequence', 'desc').limit(1).executeTakeFirst();
  // A failure without a reason counts.
  const failures = builds
    .where('result', '=', 'failure')
    .where((eb) => eb.or([eb('reason', 'is', null), eb('reason', '<>', 'infra_error')]));
  const failure = await failures.orderBy('sequence', 'desc').limit(1).executeTakeFirst();
  const first = await failures
    .$if(success !== undefined, (query) => query.where('sequence', '>', success?.sequence ?? 0))
    .orderBy('sequence')
    .limit(1)
    .executeTakeFirst();
  return {
    newestSuccess: success?.sequence ?? null,
    newestFailure: failure?.sequence ?? null,
    success: success === undefined ? null : toBuild(success),
    firstFailure: first === undefined ? null : toBuild(first),
  };
}
