import type { Target } from './target.ts';
import type { FormatName } from './words.ts';

/** What a worker says of itself and its machine. */
export interface WorkerProfile {
  /** In the words of the formats: `x86_64`, `amd64`. */
  architectures: readonly string[];
  formats: readonly FormatName[];
  /** Names of builders. */
  builders: readonly string[];
  /** Bytes of memory that one build may have. */
  memory: number;
  /** What else it has, in words that targets ask for: `gpu`, `trusted`. */
  labels: readonly string[];
  /** Builds it makes at once; left out by those of before. */
  places?: number;
}

/** Why a worker cannot build for a target, in words for people; null when it can, as far as what it says of itself goes. */
export function misfit(target: Target, worker: WorkerProfile): string | null {
  const lacks = (what: string, wanted: string, has: readonly string[]) =>
    has.includes(wanted) ? null : `${what} ${wanted}, and the worker has ${has.length === 0 ? 'none' : has.join(', ')}`;
  const [missing] = missingLabels(target, worker.labels);
  return (
    lacks('the format is', target.format, worker.formats) ??
    lacks('the builder is', target.builder, worker.builders) ??
    lacks('the architecture is', target.arch, worker.architectures) ??
    (missing === undefined ? null : lacks('the label is', missing, worker.labels)) ??
    (target.limits.memory > worker.memory
      ? `a build may take ${mebibytes(target.limits.memory)} MiB of memory, and the worker has ${mebibytes(worker.memory)}`
      : null)
  );
}

/** The labels a target asks for that are not among those somebody has. */
export function missingLabels({ labels }: Pick<Target, 'labels'>, has: readonly string[]): string[] {
  return labels.filter((label) => !has.includes(label));
}

function mebibytes(bytes: number): number {
  return Math.floor(bytes / 2 ** 20);
}
