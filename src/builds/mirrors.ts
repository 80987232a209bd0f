import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { mirrorName, openMirror, type Mirror } from '../lib/git/index.ts';
import type { GitBranch } from '../model/index.ts';

/** The mirrors of one run, each opened and fetched once: a mirror remembers what it walked. */
export interface Mirrors {
  of(repository: Pick<GitBranch, 'url'>): Promise<Mirror>;
  /** The mirror if it is there; none is made. */
  known(repository: Pick<GitBranch, 'url'>): Promise<Mirror | null>;
  /** Brought up to date, once a run. @throws TrunklineError `project_unreachable`, `source_invalid`. */
  fetched(repository: Pick<GitBranch, 'url'>, signal: AbortSignal): Promise<Mirror>;
}

/** Mirrors below `directory`, `<data_dir>/git`. */
export function openMirrors(directory: string): Mirrors {
  const opened = new Map<string, Promise<Mirror>>();
  const fetches = new Map<string, Promise<void>>();
  const of = (url: string) => remembered(opened, url, () => openMirror(directory, url));
  return {
    of: ({ url }) => of(url),
    known: async ({ url }) => {
      const head = await stat(join(directory, mirrorName(url), 'HEAD')).catch(() => null);
      return head === null ? null : of(url);
    },
    async fetched({ url }, signal) {
      const mirror = await of(url);
      await remembered(fetches, url, () => mirror.fetch({ signal }));
      return mirror;
    },
  };
}

/** What was made for a key; a failure is not remembered. */
function remembered<T>(made: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = made.get(key);
  if (known !== undefined) return known;
  const promise = make();
  made.set(key, promise);
  promise.catch(() => made.delete(key));
  return promise;
}
