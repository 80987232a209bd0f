import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { LONGEST_WAIT, orderSchema, WORKER_PROTOCOL, type Order } from '../api/index.ts';
import { openWorkerDirectory, type WorkerDirectory } from '../app/workplace/index.ts';
import { describeError, programVersion, together, TrunklineError } from '../lib/index.ts';
import { FORMAT_NAMES, type WorkerProfile } from '../model/index.ts';
import { connect, passes, type ServerAddress } from './connection.ts';
import { openRepositories } from './repositories.ts';
import { createReadyTargets, type ReadyTargets, type Who } from './targets.ts';
import { work, type WorkerPlace, type WorkOutcome } from './work.ts';

export type WorkerEvent =
  | { kind: 'ready'; target: string }
  | { kind: 'unready'; target: string; why: string }
  | { kind: 'preparing'; target: string; message: string }
  | { kind: 'waiting'; why: string }
  | { kind: 'claimed'; order: Order }
  | { kind: 'done'; order: Order; outcome: WorkOutcome }
  /** Its server gives it nothing more: it has ended what it had. */
  | { kind: 'drained'; why: string };

export interface WorkerOptions {
  server: ServerAddress;
  /** Its own name, unique among the workers of its token. */
  name: string;
  /** Builds at once. */
  jobs: number;
  /** Absolute. */
  dataDir: string;
  /** Bytes of packages of the server's repositories that are kept. */
  keep: number;
  /** Bytes of memory that one build may have here. */
  memory: number;
  /** What it says it has besides; its token has to grant it. */
  labels: readonly string[];
  signal: AbortSignal;
  report: (event: WorkerEvent) => void;
}

/** Milliseconds between questions for targets, after trouble of the server's, and after trouble of this machine. */
const REFRESH = 60_000;
const TROUBLE = 5000;
const FATAL = 60_000;

/**
 * Asks for work and does it until `signal` is aborted, and gives back what is being made then; or until its server drains it, and ends what it has.
 * Nothing is left running, mounted or half written.
 * @throws TrunklineError when the server refuses this worker for good: `unauthorized`, `forbidden`, `unsupported`; `data_dir_locked`
 */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const { server, dataDir, jobs, signal, report } = options;
  const directory = await openWorkerDirectory(dataDir);
  try {
    const repositories = openRepositories(join(dataDir, 'repos'));
    await repositories.prune(options.keep);
    const place: WorkerPlace = { connection: connect(server), directory, repositories };
    const profile = profileOf(directory, options);
    const who = { name: options.name, host: hostname(), version: programVersion() };
    const ready = createReadyTargets(place, { ...who, profile }, report);
    const unlessAborted = (error: unknown) => {
      if (!isAbort(error)) throw error;
    };
    const over = new AbortController();
    let left = jobs;
    const serves = async (either: AbortSignal) => {
      const why = await serve(place, { ...options, signal: either }, { who, profile, ready }).catch(unlessAborted);
      left -= 1;
      if (why === undefined || left > 0) return;
      report({ kind: 'drained', why });
      over.abort();
    };
    const freshens = (either: AbortSignal) =>
      keepFresh(ready, AbortSignal.any([either, over.signal]), report).catch(unlessAborted);
    await together(signal, [freshens, ...Array.from({ length: jobs }, () => serves)]);
  } finally {
    await directory.close();
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** What this machine has, in the words of the formats. */
function profileOf(
  { builders }: WorkerDirectory,
  { memory, labels, jobs }: Pick<WorkerOptions, 'memory' | 'labels' | 'jobs'>,
): WorkerProfile {
  const architectures: Readonly<Record<string, readonly string[]>> = {
    x64: ['x86_64', 'amd64'],
    arm64: ['aarch64', 'arm64'],
  };
  return {
    architectures: [...(architectures[process.arch] ?? []), 'noarch', 'all'],
    formats: [...FORMAT_NAMES],
    builders: [...builders.keys()],
    memory,
    labels,
    places: jobs,
  };
}

async function keepFresh(
  ready: ReadyTargets,
  signal: AbortSignal,
  report: (event: WorkerEvent) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await ready.refresh(signal);
    } catch (error) {
      if (!passes(error)) throw error;
      report({ kind: 'waiting', why: describeError(error) });
    }
    await pause(ready.names().length === 0 ? TROUBLE : REFRESH, undefined, { signal });
  }
}

/** One of the worker's places: claims, works, and again. Answers why it gets nothing more; undefined after an abort. */
async function serve(
  place: WorkerPlace,
  { signal, report }: Pick<WorkerOptions, 'signal' | 'report'>,
  { who, profile, ready }: { who: Who; profile: WorkerProfile; ready: ReadyTargets },
): Promise<string | undefined> {
  while (!signal.aborted) {
    const targets = ready.names();
    if (targets.length === 0) {
      await pause(200, undefined, { signal });
      continue;
    }
    const body = { protocol: WORKER_PROTOCOL, ...who, profile, targets, wait: LONGEST_WAIT - 5 };
    const order = await claim(place, body, signal, report);
    if (order === null) continue;
    if (typeof order === 'string') return order;
    report({ kind: 'claimed', order });
    const outcome = await work(place, order, signal);
    report({ kind: 'done', order, outcome });
    if (outcome.kind === 'ended' && outcome.fatal) await pause(FATAL, undefined, { signal });
  }
  return undefined;
}

/** Work, null when there is none now, or why there will be none. */
async function claim(
  { connection }: WorkerPlace,
  body: object,
  signal: AbortSignal,
  report: (event: WorkerEvent) => void,
): Promise<Order | string | null> {
  try {
    // Asked once: an order whose answer was lost comes to nobody, until its lease lapses.
    const response = await connection.once({ method: 'POST', path: '/claim', body }, signal);
    return response.status === 204 ? null : orderSchema.parse(await response.json());
  } catch (error) {
    if (error instanceof TrunklineError && error.code === 'worker_drained') return describeError(error);
    if (signal.aborted || !passes(error)) throw error;
    report({ kind: 'waiting', why: describeError(error) });
    await pause(TROUBLE * (0.5 + Math.random()), undefined, { signal });
    return null;
  }
}
