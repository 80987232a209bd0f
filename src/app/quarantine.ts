import { dirname, join } from 'node:path';
import type { TrunkContext } from '../builds/index.ts';
import { findPackagesNamed } from '../db/index.ts';
import { audit } from '../events/index.ts';
import { errnoOf, fileSystemError, sha256File, TrunklineError } from '../lib/index.ts';
import type { Target } from '../model/index.ts';

/** A file of the pool that somebody found damaged: a package's own, or one that its .dsc names. */
export interface Suspect {
  fullName: string;
  fileName: string;
}

/**
 * Reads a file of the pool again and, when it is not what was published, moves it out of the pool, where no client gets it. Answers where it lies then;
 * null: it is as it should be, or not there. @throws TrunklineError `not_found` for what was not published in the target
 */
export async function quarantineDamaged(
  context: TrunkContext,
  target: Target,
  { fullName, fileName }: Suspect,
  actor: string,
): Promise<string | null> {
  const { db } = context;
  const [published] = await findPackagesNamed(db, target.name, [fullName]);
  const file = published && [published, ...published.companions].find((one) => one.fileName === fileName);
  if (published === undefined || file === undefined)
    throw new TrunklineError('not_found', `${target.name} has published no file ${fileName} of ${fullName}`, {
      hint: `trunkline repo verify ${target.name} names what is damaged`,
    });
  const repository = context.repository(target);
  const path = join(dirname(repository.pathOf(published)), fileName);
  if ((await digestOf(path)) === file.sha256) return null;
  // An upload may be bringing it back at this moment.
  return context.mutexes.hold(`publish ${target.name}`, async () => {
    const found = await digestOf(path);
    if (found === null || found === file.sha256) return null;
    const place = await repository.quarantine(published.sha256, fileName);
    const reason = `the SHA-256 of ${fileName} is ${found} and not ${file.sha256}`;
    await audit(
      db,
      { actor, action: 'quarantine', subject: `package/${target.name}/${fullName}`, reason },
      context.now(),
    );
    return place;
  });
}

async function digestOf(path: string): Promise<string | null> {
  try {
    return await sha256File(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw fileSystemError(error, path);
  }
}
