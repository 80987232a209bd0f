import { describeError } from '../../lib/index.ts';
import type { Trunk } from '../open.ts';

/** Something that goes on as long as a server runs: polling, draining the queue, delivering events. */
export interface BackgroundService {
  name: string;
  /** Works until `signal` is aborted, and resolves when it has stopped. Resolving or throwing earlier ends the server. */
  start(signal: AbortSignal): Promise<void>;
}

/** What runs in a server besides HTTP. */
export const backgroundServices: (trunk: Trunk) => readonly BackgroundService[] = () => [];

/**
 * Runs services until `signal` is aborted, and all have stopped. When one ends by itself the others are stopped.
 * @throws what the first that failed threw
 */
export async function runServices(
  services: readonly BackgroundService[],
  { signal, log }: { signal: AbortSignal; log: Trunk['context']['log'] },
): Promise<void> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const running = services.map(async (service) => {
    const { name } = service;
    try {
      await service.start(both);
      if (!both.aborted) throw new Error(`The service ${name} ended by itself`);
    } catch (error) {
      if (both.aborted && error instanceof Error && error.name === 'AbortError') return;
      log.fatal({ service: name }, describeError(error));
      throw error;
    } finally {
      stop.abort();
    }
  });
  const failed = (await Promise.allSettled(running)).find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
