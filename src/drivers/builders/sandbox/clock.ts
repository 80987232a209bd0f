/** Seconds spent by phase, and what is left of the limit. */
export interface Clock {
  add(phase: string, seconds: number): void;
  /** Seconds; never none at all, so that a run that starts too late ends by its own limit. */
  left(): number;
  /** The phases, and as `overhead` what lies between them. */
  timings(): Record<string, number>;
}

export function startClock(limit: number): Clock {
  const started = performance.now();
  const phases = new Map<string, number>();
  const elapsed = () => (performance.now() - started) / 1000;
  return {
    add: (phase, seconds) => phases.set(phase, (phases.get(phase) ?? 0) + seconds),
    left: () => Math.max(0.001, limit - elapsed()),
    timings: () => {
      const known = [...phases.values()].reduce((sum, seconds) => sum + seconds, 0);
      return { ...Object.fromEntries(phases), overhead: Math.max(0, elapsed() - known) };
    },
  };
}
