import { join } from 'node:path';
import { openDirectory, type TrunkContext } from '../../builds/index.ts';
import { listBuildsIn } from '../../db/index.ts';
import { audit } from '../../events/index.ts';
import type { Settings } from '../../model/index.ts';
import { requireThere, type Subject } from '../../promotion/index.ts';

/** A snapshot that exists as files. */
export interface Materialised {
  target: string;
  snapshot: string;
  /** Whether its files were there already. */
  wasThere: boolean;
  directory: string;
  url: string;
  /** Milliseconds since the epoch: until when its files stay at least, whatever becomes of it. */
  until: number;
}

/**
 * Makes the files of a snapshot, byte for byte those it had, and leads the directories of its builds to it again. They stay for `materialised.grace`
 * from now on, and longer for the reasons for which `releaseSnapshots` keeps any.
 * @throws TrunklineError `not_found` also for one that was removed, `invalid_argument`, `store_damaged`
 */
export async function materialiseSnapshot(
  context: TrunkContext,
  subject: Subject,
  { actor }: { actor: string },
): Promise<Materialised> {
  const { settings, db } = context;
  const { target } = subject;
  const repository = context.repository(target);
  return context.mutexes.hold(`publish ${target.name}`, async () => {
    const { hash, indexTime } = await requireThere(db, subject);
    const now = context.now();
    const wasThere = await repository.isMaterialised(hash);
    await context.mutexes.hold(`show ${target.name}`, async () => {
      await repository.materialise(hash, indexTime ?? Math.trunc(now / 1000));
      for (const id of await listBuildsIn(db, target.name, hash)) await openDirectory(context, id, hash);
    });
    await audit(db, { actor, action: 'materialise', subject: `snapshot/${target.name}/${hash}`, reason: null }, now);
    return {
      ...{ target: target.name, snapshot: hash, wasThere },
      ...placeOf(settings, target.name, hash),
      until: now + settings.materialised.grace * 1000,
    };
  });
}

/** Where the files of a snapshot lie, and where clients find them. */
export function placeOf(
  { dataDir, baseUrl }: Pick<Settings, 'dataDir' | 'baseUrl'>,
  target: string,
  hash: string,
): Pick<Materialised, 'directory' | 'url'> {
  const repositories = join(dataDir, 'repos');
  const below = join(target, 'snapshots', hash);
  return { directory: join(repositories, below), url: `${baseUrl ?? `file://${repositories}`}/${below}/` };
}
