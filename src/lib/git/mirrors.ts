import { openMirror, type Mirror } from './mirror.ts';
import type { FetchOptions } from './fetch.ts';

/** The mirrors of one run. Each is opened once, and fetched at most once, however many projects share the repository. */
export interface Mirrors {
  /** Where they lie: `<data_dir>/git`. */
  readonly directory: string;
  /** The mirror as it is on disk. @throws TrunklineError `source_invalid` for an address git must not be given. */
  open(url: string): Promise<Mirror>;
  /** The mirror, fetched once in this run; a failure is remembered and thrown to everybody who asks. @throws TrunklineError as `Mirror.fetch`. */
  fetched(url: string, options?: FetchOptions): Promise<Mirror>;
}

export function createMirrors(directory: string): Mirrors {
  const opened = new Map<string, Promise<Mirror>>();
  const fetches = new Map<string, Promise<Mirror>>();
  const open = (url: string) => once(opened, url, () => openMirror(directory, url));
  return {
    directory,
    open,
    fetched: (url, options) =>
      once(fetches, url, async () => {
        const mirror = await open(url);
        await mirror.fetch(options);
        return mirror;
      }),
  };
}

function once<T>(started: Map<string, Promise<T>>, name: string, start: () => Promise<T>): Promise<T> {
  const running = started.get(name) ?? start();
  started.set(name, running);
  return running;
}
