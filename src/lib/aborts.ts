import { setTimeout as pause } from 'node:timers/promises';

/** Waits, or not to the end when `signal` is aborted. */
export async function pauseFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  await pause(milliseconds, undefined, { signal }).catch(() => undefined);
}

/** Asked again after waiting: an abort happens meanwhile, which a compiler that has seen `signal.aborted` be false does not know. */
export function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
