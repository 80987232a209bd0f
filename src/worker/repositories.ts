import { chmod, link, mkdir, mkdtemp, rename, rm, stat, symlink, utimes } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import type { IndexFile, ListedPackage, RepositoryParts } from '../api/index.ts';
import {
  createMutexes,
  errnoOf,
  fileSystemError,
  inParallel,
  sha256File,
  TEMPORARY,
  TrunklineError,
} from '../lib/index.ts';
import type { LocalRepository } from '../model/index.ts';
import type { HeldAttempt } from './attempt.ts';
import { prunePool } from './prune.ts';

/** Files fetched at once. */
const FETCHES = 8;

export interface CandidateFiles {
  /** Where the packages lie that were built here, by digest. */
  built: ReadonlyMap<string, string>;
  /** Where they stand in the repository. */
  places: readonly { sha256: string; path: string }[];
}

/** Repositories of the server's targets as they are kept here: packages by their content, each fetched once. */
export interface Repositories {
  /** The snapshot `hash` of a target, whole: nothing of it is fetched while something is built. */
  snapshot(held: HeldAttempt, target: string, hash: string, parts: RepositoryParts): Promise<LocalRepository>;
  /** A candidate in `directory`, which exists and is empty. `parts` has the packages that the snapshot did not have. */
  candidate(
    held: HeldAttempt,
    target: string,
    directory: string,
    parts: RepositoryParts,
    files: CandidateFiles,
  ): Promise<LocalRepository>;
  /** Removes what a killed worker left half made, and what was used longest ago until `limit` bytes are left; to be called when nothing is built. */
  prune(limit: number): Promise<void>;
}

/** Below `directory`, `<data_dir>/repos`. */
export function openRepositories(directory: string): Repositories {
  const mutexes = createMutexes();
  const poolOf = (target: string) => join(directory, target, 'pool');
  const bring = async (held: HeldAttempt, target: string, { sha256, fileName, size }: ListedPackage) =>
    mutexes.hold(`${target} ${sha256}`, async () => {
      const path = below(poolOf(target), `${sha256.slice(0, 2)}/${sha256}/${fileName}`);
      if ((await stat(path).catch(() => null))?.size === size) {
        const now = new Date();
        return utimes(dirname(path), now, now);
      }
      const partial = join(directory, target, 'partial', sha256);
      await mkdir(dirname(partial), { recursive: true });
      await held.fetch(`pool/${sha256}/${encodeURIComponent(fileName)}`, partial, size);
      await prove(partial, sha256);
      await mkdir(dirname(path), { recursive: true, mode: 0o755 });
      await rename(partial, path);
    });
  const bringAll = async (held: HeldAttempt, target: string, packages: readonly ListedPackage[]) => {
    await mkdir(poolOf(target), { recursive: true, mode: 0o755 });
    await inParallel(FETCHES, packages, (one) => bring(held, target, one));
  };
  return {
    snapshot: async (held, target, hash, { index, packages }) => {
      const path = below(join(directory, target, 'snapshots'), hash);
      await bringAll(held, target, packages);
      if ((await stat(path).catch(() => null)) === null) {
        await mkdir(dirname(path), { recursive: true, mode: 0o755 });
        const making = await mkdtemp(join(dirname(path), TEMPORARY));
        try {
          await chmod(making, 0o755);
          await writeIndex(held, making, index, poolOf(target));
          await rename(making, path).catch(unlessThere);
        } finally {
          await rm(making, { recursive: true, force: true });
        }
      }
      return { path, also: [poolOf(target)] };
    },
    candidate: async (held, target, candidate, { index, packages }, { built, places }) => {
      await bringAll(held, target, packages);
      await writeIndex(held, candidate, index, poolOf(target));
      for (const { sha256, path } of places) {
        const from = built.get(sha256);
        if (from === undefined)
          throw new TrunklineError('unsupported', 'The server lists a package that was not built');
        const to = below(candidate, path);
        await mkdir(dirname(to), { recursive: true, mode: 0o755 });
        await link(from, to).catch(unlessThere);
      }
      return { path: candidate, also: [poolOf(target)] };
    },
    prune: (limit) => prunePool(directory, limit),
  };
}

async function writeIndex(
  held: HeldAttempt,
  directory: string,
  index: readonly IndexFile[],
  pool: string,
): Promise<void> {
  try {
    await symlink(pool, join(directory, 'pool'));
    const known = new Map<string, string>();
    for (const { path, sha256, size } of index) {
      const file = below(directory, path);
      await mkdir(dirname(file), { recursive: true, mode: 0o755 });
      const same = known.get(sha256);
      if (same === undefined) {
        await held.fetch(`index/${sha256}`, file, size);
        await prove(file, sha256);
        known.set(sha256, file);
      } else await link(same, file);
    }
  } catch (error) {
    throw fileSystemError(error, directory);
  }
}

async function prove(path: string, sha256: string): Promise<void> {
  const found = await sha256File(path);
  if (found === sha256) return;
  await rm(path, { force: true });
  throw new TrunklineError('server_unreachable', `What was fetched as ${sha256} has the digest ${found}`, {
    hint: 'a proxy between here and the server may change what it passes on',
  });
}

/** `path` below `directory`. @throws TrunklineError `unsupported` for one that leads elsewhere */
function below(directory: string, path: string): string {
  const whole = resolve(directory, path);
  if (whole.startsWith(resolve(directory) + sep)) return whole;
  throw new TrunklineError('unsupported', `The server named a path that leads elsewhere: ${JSON.stringify(path)}`);
}

function unlessThere(error: unknown): void {
  if (!['EEXIST', 'ENOTEMPTY'].includes(errnoOf(error) ?? '')) throw error;
}
