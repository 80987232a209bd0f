import { setTimeout as pause } from 'node:timers/promises';

/** Waits, or not to the end when `signal` is aborted. */
export async function pauseFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  await pause(milliseconds, undefined, { signal }).catch(() => undefined);
}

/** Does something when `signal` is aborted: at once where it is already, which no listener hears of any more. Answers what takes that back. */
export function onAbort(signal: AbortSignal | undefined, act: () => void): () => void {
  if (signal?.aborted === true) act();
  else signal?.addEventListener('abort', act, { once: true });
  return () => {
    signal?.removeEventListener('abort', act);
  };
}

/** Asked again after waiting: an abort happens meanwhile, which a compiler that has seen `signal.aborted` be false does not know. */
export function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
