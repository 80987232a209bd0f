import { loadavg } from 'node:os';

/** What one benchmark found; printed as one line of JSON. */
export interface Measurement {
  name: string;
  ours: number;
  /** null where there is none, or it cannot run here; `peer_name` says which. */
  peer: number | null;
  unit: string;
  /** What the peer is. */
  peer_name: string;
  /** What `ours` is to reach; a benchmark never fails for missing it. */
  target: string;
  /** Figures beside the main one, by name. */
  details?: Readonly<Record<string, unknown>>;
}

/** How a benchmark tells, on standard error, how far it is. */
export type Progress = (message: string) => void;

export type Benchmark = (progress: Progress) => Promise<readonly Measurement[]>;

/** `ratio` is the peer's figure by ours, so that more is better where less time is; with the load of this machine, which all times depend on. */
export function measurementLine(measurement: Measurement): string {
  const { name, ours, peer, unit, peer_name, target, details } = measurement;
  const ratio = peer === null || ours === 0 ? null : rounded(peer / ours);
  const line = {
    name,
    ours: rounded(ours),
    peer: peer === null ? null : rounded(peer),
    unit,
    ratio,
    peer_name,
    target,
  };
  return JSON.stringify({ ...line, ...details, load: loadavg().map(rounded) });
}

/** Three decimals say all that a clock on a shared machine knows. */
export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** @throws RangeError for no values. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which a `share` (0 to 1) of the values lies, by the nearest rank from below. @throws RangeError for no values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (value === undefined) throw new RangeError('no values were measured');
  return value;
}

export function meanOrNull(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : rounded(known.reduce((sum, value) => sum + value, 0) / known.length);
}
