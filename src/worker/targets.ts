import { targetsAnswer, WORKER_PROTOCOL } from '../api/index.ts';
import { requireBuilder } from '../builds/run/index.ts';
import { describeError } from '../lib/index.ts';
import type { Target, WorkerProfile } from '../model/index.ts';
import type { WorkerPlace } from './work.ts';
import type { WorkerEvent } from './run.ts';

/** For which targets this machine is ready, kept up to date. */
export interface ReadyTargets {
  names(): string[];
  /** Asks the server for the targets and makes ready what can be made ready. @throws as the connection */
  refresh(signal: AbortSignal): Promise<void>;
}

/** What a worker is called, for people. */
export interface Who {
  name: string;
  host: string;
  version: string;
}

export function createReadyTargets(
  { connection, directory }: WorkerPlace,
  who: Who & { profile: WorkerProfile },
  report: (event: WorkerEvent) => void,
): ReadyTargets {
  /** By name, the configuration for which each was made ready, or found wanting. */
  const judged = new Map<string, { configuration: string; ready: boolean }>();
  const judge = async (target: Target, signal: AbortSignal) => {
    const configuration = JSON.stringify(target);
    if (judged.get(target.name)?.configuration === configuration) return;
    const refusal = await makeReady(target, signal);
    judged.set(target.name, { configuration, ready: refusal === null });
    report(
      refusal === null
        ? { kind: 'ready', target: target.name }
        : { kind: 'unready', target: target.name, why: refusal },
    );
  };
  const makeReady = async (target: Target, signal: AbortSignal): Promise<string | null> => {
    try {
      const builder = requireBuilder(directory, target);
      if ((await builder.check(target)).missing.length === 0) return null;
      const tell = (message: string) => {
        report({ kind: 'preparing', target: target.name, message });
      };
      await builder.prepare(target, { refresh: false, report: tell, signal });
      const { missing } = await builder.check(target);
      return missing.length === 0 ? null : missing.map(({ what, remedy }) => `${what} (${remedy})`).join('; ');
    } catch (error) {
      signal.throwIfAborted();
      return describeError(error);
    }
  };
  return {
    names: () => [...judged].flatMap(([name, { ready }]) => (ready ? [name] : [])),
    refresh: async (signal) => {
      const question = { method: 'POST', path: '/targets', body: { protocol: WORKER_PROTOCOL, ...who } } as const;
      const { targets, refused } = await connection.json(question, targetsAnswer, signal);
      for (const name of judged.keys()) if (!targets.some((target) => target.name === name)) judged.delete(name);
      for (const { target, why } of refused) {
        if (judged.get(target)?.configuration === why) continue;
        judged.set(target, { configuration: why, ready: false });
        report({ kind: 'unready', target, why });
      }
      for (const target of targets) await judge(target, signal);
    },
  };
}
