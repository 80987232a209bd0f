/** Between a terminal and a process that hands its signals on, one Ctrl-C arrives twice. */
const SAME_SIGNAL = 1000;
const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

export interface Interrupt {
  signal: AbortSignal;
  /** The shell's exit code for the signal that came, or undefined. */
  exitCode(): number | undefined;
}

/** Turns the first SIGINT, SIGTERM or SIGHUP into an abort, and a later one into the end of the process. */
export function listenForInterrupts(): Interrupt {
  const controller = new AbortController();
  let first: { at: number; code: number } | undefined;
  for (const [name, code] of Object.entries(CODES))
    process.on(name, () => {
      if (first && performance.now() - first.at > SAME_SIGNAL) process.exit(code);
      first ??= { at: performance.now(), code };
      controller.abort();
    });
  return { signal: controller.signal, exitCode: () => first?.code };
}
