import type { Jail } from '../../lib/jail/index.ts';
import type { OpenJail } from './confined-reading.ts';

/** Jails for one run at a time. Nothing of a run is left in its jail, but opening one takes as long as a run. */
export interface JailPool {
  take(): Promise<Jail>;
  /** `again`: whether nothing unusual happened in it; else, and when enough are idle, it is closed. */
  giveBack(jail: Jail, again: boolean): void;
  closeIdle(): void;
}

const LIMITS = { memory: 1024 ** 3, processes: 64, disk: 512 * 1024 ** 2 };
const MAX_IDLE = 3;

export function createJailPool(openJail: OpenJail, label: string): JailPool {
  const idle: Jail[] = [];
  // Nobody has to wait for that, and it does not fail.
  const close = (jail: Jail) => void jail.close();
  return {
    take: () => {
      const jail = idle.pop();
      return jail === undefined ? openJail({ label, limits: LIMITS }) : Promise.resolve(jail);
    },
    giveBack: (jail, again) => {
      if (again && idle.length < MAX_IDLE) idle.push(jail);
      else close(jail);
    },
    closeIdle: () => {
      for (const jail of idle.splice(0)) close(jail);
    },
  };
}
