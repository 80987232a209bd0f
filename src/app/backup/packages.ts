import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openDatabase, stillStored, storedPackages, type DbOrTx, type StoredPackage } from '../../db/index.ts';
import { createDiskStore } from '../../drivers/stores/disk/index.ts';
import { inParallel, sha256File, TrunklineError } from '../../lib/index.ts';
import { NAME } from '../../model/index.ts';
import { putFile } from './copy.ts';

/** A package of which something is not as the database says. */
export interface DamagedFile {
  target: string;
  fullName: string;
  /** Path below the data directory. */
  file: string;
  what: 'missing' | 'damaged';
}

/** Files looked at or put at once. */
const AT_ONCE = 8;

/** Paths below a data directory of a package's file and those that belong to it, with their digests; its own first. */
export function filesOf(one: StoredPackage): { path: string; sha256: string }[] {
  if (!NAME.test(one.target))
    throw new TrunklineError('store_damaged', `The database names the target ${JSON.stringify(one.target)}`, {
      hint: 'no target can be called so: take another backup',
    });
  const pool = join('repos', one.target, 'pool');
  const store = createDiskStore({ directory: pool });
  const own = join(pool, store.hrefOf(one.sha256, one.fileName));
  return [
    { path: own, sha256: one.sha256 },
    ...one.companions.map(({ fileName, sha256 }) => ({
      path: join(dirname(own), store.hrefOf(sha256, fileName).split('/').at(-1) ?? ''),
      sha256,
    })),
  ];
}

/** Puts the files of all packages that a database names below `to`, as links where that can be. Answers those that are not all there. */
export async function putPackages(
  db: DbOrTx,
  { from, to, signal, report }: { from: string; to: string; signal: AbortSignal; report: (what: string) => void },
): Promise<{ packages: number; missing: { id: number; damage: DamagedFile }[] }> {
  const missing: { id: number; damage: DamagedFile }[] = [];
  let packages = 0;
  for await (const page of storedPackages(db)) {
    await inParallel(AT_ONCE, page, async (one) => {
      signal.throwIfAborted();
      for (const { path } of filesOf(one)) {
        await mkdir(dirname(join(to, path)), { recursive: true });
        if (!(await putFile(join(from, path), join(to, path), 'link')))
          missing.push({
            id: one.id,
            damage: { target: one.target, fullName: one.fullName, file: path, what: 'missing' },
          });
      }
    });
    packages += page.length;
    report(`packages: ${packages}`);
  }
  return { packages, missing };
}

/** Whether a database still says of all these packages that they are there; false once one was removed by the garbage collector. */
export async function areStored(url: string, ids: readonly number[]): Promise<boolean> {
  const db = await openDatabase({ url, mode: 'read' });
  try {
    return (await stillStored(db, ids)).size === new Set(ids).size;
  } finally {
    await db.close();
  }
}

/** Reads the files of all packages that a database names, and answers what is not as it says. */
export async function checkPackages(
  db: DbOrTx,
  { directory, signal, report }: { directory: string; signal: AbortSignal; report: (what: string) => void },
): Promise<{ packages: number; damaged: DamagedFile[] }> {
  const damaged: DamagedFile[] = [];
  let packages = 0;
  for await (const page of storedPackages(db)) {
    await inParallel(AT_ONCE, page, async (one) => {
      signal.throwIfAborted();
      for (const { path, sha256 } of filesOf(one)) {
        const found = await sha256File(join(directory, path)).catch(() => null);
        if (found === sha256) continue;
        const what = found === null ? 'missing' : 'damaged';
        damaged.push({ target: one.target, fullName: one.fullName, file: path, what });
      }
    });
    packages += page.length;
    report(`packages read: ${packages}`);
  }
  return { packages, damaged };
}

/** Names in a directory; none where it is not there. */
export function namesOf(directory: string): Promise<string[]> {
  return readdir(directory).catch(() => []);
}
