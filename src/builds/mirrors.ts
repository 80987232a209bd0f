import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { mirrorName, openMirror, type Mirror } from '../lib/git/index.ts';
import type { GitBranch } from '../model/index.ts';

/** The mirrors of one process, each opened once: a mirror remembers what it walked. */
export interface Mirrors {
  of(repository: Pick<GitBranch, 'url'>): Promise<Mirror>;
  /** The mirror if it is there; none is made. */
  known(repository: Pick<GitBranch, 'url'>): Promise<Mirror | null>;
  /**
   * Brought up to date again, where the remote has anything new since the last time; who asks for one that is just being looked at waits for that.
   * `tips` says what it has: equal ones mean that nothing is new. @throws TrunklineError as `fetched`
   */
  refreshed(repository: Pick<GitBranch, 'url'>, signal: AbortSignal): Promise<{ mirror: Mirror; tips: string }>;
  /** Brought up to date, once a run. @throws TrunklineError `project_unreachable`, `source_invalid`. */
  fetched(repository: Pick<GitBranch, 'url'>, signal: AbortSignal): Promise<Mirror>;
}

/** Mirrors below `directory`, `<data_dir>/git`. */
export function openMirrors(directory: string): Mirrors {
  const opened = new Map<string, Promise<Mirror>>();
  const fetches = new Map<string, Promise<void>>();
  const seen = new Map<string, string>();
  const refreshes = new Map<string, Promise<string>>();
  const refresh = async (url: string, signal: AbortSignal) => {
    const mirror = await of(url);
    const tips = await mirror.remoteTips({ signal });
    // What it has may be newer than its tips by now; then the next look finds other tips, and nothing is lost.
    if (seen.get(url) !== tips) await mirror.fetch({ signal });
    seen.set(url, tips);
    return tips;
  };
  const of = (url: string) => remembered(opened, url, () => openMirror(directory, url));
  return {
    of: ({ url }) => of(url),
    known: async ({ url }) => {
      const head = await stat(join(directory, mirrorName(url), 'HEAD')).catch(() => null);
      return head === null ? null : of(url);
    },
    async refreshed({ url }, signal) {
      const refreshing = () => refresh(url, signal).finally(() => refreshes.delete(url));
      const tips = await remembered(refreshes, url, refreshing);
      return { mirror: await of(url), tips };
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
