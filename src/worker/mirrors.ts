import { setTimeout as pause } from 'node:timers/promises';
import type { Order } from '../api/index.ts';
import type { Workplace } from '../builds/run/index.ts';
import { openMirror, type Mirror } from '../lib/git/index.ts';
import { TrunklineError } from '../lib/index.ts';
import type { Connection } from './connection.ts';

const MOST_TRIES = 6;

/** The mirrors of an order's repositories, fetched from the server's mirrors where what the order names is not here yet. */
export interface OrderMirrors {
  mirrors: Workplace['mirrors'];
  /** Makes sure of the upstream's tags: one may have come after its commit. */
  haveTags: (tags: readonly string[]) => Promise<void>;
}

export function orderMirrors(
  connection: Connection,
  order: Order,
  { directory, signal }: { directory: string; signal: AbortSignal },
): OrderMirrors {
  const { revision, project } = order;
  const commits = [
    [project.upstream.url, revision.upstream.hash],
    ...Object.values(project.packaging).map(({ url }) => [url, revision.distgit.hash]),
  ];
  const opened = new Map<string, Promise<Mirror>>();
  const open = async (url: string) => {
    const name = order.mirrors[url];
    if (name === undefined)
      throw new TrunklineError('unsupported', `The server has no mirror of ${url} for this build`);
    const origin = { url: `${connection.url}/git/${name}`, headers: connection.gitHeaders };
    const mirror = await openMirror(directory, url, { origin });
    for (const [address, hash = ''] of commits) if (address === url) await haveCommit(mirror, hash, signal);
    return mirror;
  };
  const of: Workplace['mirrors']['of'] = ({ url }) => {
    const mirror = opened.get(url) ?? open(url);
    opened.set(url, mirror);
    return mirror;
  };
  return {
    mirrors: { of },
    haveTags: async (tags) => {
      const mirror = await of(project.upstream);
      const known = new Set(await mirror.reachableTags(revision.upstream.hash));
      if (tags.some((tag) => !known.has(tag))) await persist(signal, () => mirror.fetch({ signal }));
    },
  };
}

async function haveCommit(mirror: Mirror, hash: string, signal: AbortSignal): Promise<void> {
  if (await mirror.hasCommit(hash)) return;
  await persist(signal, () => mirror.fetch({ signal }));
  // No branch leads to it any more.
  if (!(await mirror.hasCommit(hash))) await persist(signal, () => mirror.fetchCommit(hash, { signal }));
}

/** Tries again what failed for want of a connection. */
async function persist(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await work();
      return;
    } catch (error) {
      signal.throwIfAborted();
      const way = error instanceof TrunklineError && error.code === 'project_unreachable';
      if (!way || tries >= MOST_TRIES) throw error;
    }
    await pause(500 * 2 ** tries, undefined, { signal });
  }
}
