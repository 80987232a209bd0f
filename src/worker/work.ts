import { mkdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Order } from '../api/index.ts';
import { failureOf, stopsEverything, type Failure, type Work, type Workplace } from '../builds/run/index.ts';
import type { WorkerDirectory } from '../app/workplace/index.ts';
import { appendToLog, describeError, isAborted, pauseFor, TrunklineError } from '../lib/index.ts';
import { holdAttempt, type HeldAttempt } from './attempt.ts';
import type { Connection } from './connection.ts';
import { sendLogs } from './logs.ts';
import { orderMirrors } from './mirrors.ts';
import { Ended, makeAttempt, tellFailure, type Making } from './perform.ts';
import type { Repositories } from './repositories.ts';

/** Milliseconds between signs of life: as soon as that a worker hears that its build was cancelled. */
const HEARTBEAT = 2000;

export interface WorkerPlace {
  connection: Connection;
  directory: WorkerDirectory;
  repositories: Repositories;
}

/** How an attempt went, as far as this worker is concerned. */
export type WorkOutcome =
  | { kind: 'ended'; failure: Failure | null; /** This machine cannot go on. */ fatal: boolean }
  /** It was cancelled, or is somebody else's: nothing was recorded. */
  | { kind: 'dropped'; why: string }
  /** This worker is being stopped, and gave it back. */
  | { kind: 'left' };

/** Makes an attempt that was claimed. Nothing of it is left here afterwards. */
export async function work(place: WorkerPlace, order: Order, stop: AbortSignal): Promise<WorkOutcome> {
  const lost = new AbortController();
  const signal = AbortSignal.any([stop, lost.signal]);
  const held = holdAttempt(place.connection, order, signal);
  const scratch = join(place.directory.dataDir, 'scratch', `attempt-${String(order.attempt)}-${String(order.lease)}`);
  const logs = join(scratch, 'logs');
  const done = new AbortController();
  const drop = (why: unknown) => {
    lost.abort(why);
  };
  const beating = beat(held, order, { drop, until: done.signal });
  try {
    await mkdir(logs, { recursive: true, mode: 0o755 });
    return await attempt(place, order, { held, signal, scratch, logs, drop });
  } catch (error) {
    if (stop.aborted) {
      await held.leave().catch(() => undefined);
      return { kind: 'left' };
    }
    if (lost.signal.aborted) return { kind: 'dropped', why: describeError(lost.signal.reason) };
    if (isLost(error)) return { kind: 'dropped', why: describeError(error) };
    throw error;
  } finally {
    done.abort();
    await beating;
    await rm(scratch, { recursive: true, force: true });
  }
}

interface Attempting extends Pick<Work, 'signal' | 'scratch' | 'logs'> {
  held: HeldAttempt;
  drop: (why: unknown) => void;
}

async function attempt(place: WorkerPlace, order: Order, attempting: Attempting): Promise<WorkOutcome> {
  const { held, signal, scratch, logs, drop } = attempting;
  const { dataDir, formats, builders } = place.directory;
  const { mirrors, haveTags } = orderMirrors(place.connection, order, { directory: join(dataDir, 'git'), signal });
  const workplace: Workplace = {
    settings: { file: place.connection.url, dataDir, localDir: dataDir, limits: { sourceSize: order.sourceSize } },
    ...{ formats, builders, mirrors },
  };
  const { revision, project, target } = order;
  const cutShort = new AbortController();
  const building = AbortSignal.any([signal, cutShort.signal]);
  const sender = sendLogs(held, logs, (name) => {
    cutShort.abort(new TrunklineError('package_invalid', `${name} is longer than limits.output`));
  });
  // The first line that anybody sees of an attempt, while its source is still being made.
  const note = (line: string) => appendToLog(join(logs, 'worker.log'), `${new Date().toISOString()} ${line}\n`);
  await note(`build ${String(order.build)} of ${project.name} for ${target.name}, made by ${hostname()}`);
  const ended = new AbortController();
  const following = sender.follow(ended.signal).catch(drop);
  const making: Making = {
    ...{ place: workplace, order, held, repositories: place.repositories, haveTags },
    work: { revision, project, target, scratch, logs, signal: building, timings: {} },
    ...{ flush: sender.flush, note },
  };
  try {
    const { failure } = await makeAttempt(making);
    return { kind: 'ended', failure, fatal: false };
  } catch (error) {
    if (error instanceof Ended) return { kind: 'ended', failure: error.ending.failure, fatal: false };
    if (signal.aborted || isLost(error)) throw error;
    const reason: unknown = cutShort.signal.aborted ? cutShort.signal.reason : error;
    await sender.flush();
    const { failure } = await tellFailure(making, failureOf(reason));
    return { kind: 'ended', failure, fatal: stopsEverything(reason) };
  } finally {
    ended.abort();
    await following;
  }
}

function isLost(error: unknown): boolean {
  return error instanceof TrunklineError && ['lock_lost', 'forbidden', 'unauthorized'].includes(error.code);
}

/** Says that this worker lives. When the server says that the attempt is not its own, or says nothing for the length of a lease, the work is dropped. */
async function beat(
  held: HeldAttempt,
  order: Order,
  { drop, until }: { drop: (why: unknown) => void; until: AbortSignal },
): Promise<void> {
  let heard = performance.now();
  while (!until.aborted) {
    await pauseFor(HEARTBEAT, until);
    if (isAborted(until)) return;
    try {
      await held.heartbeat();
      heard = performance.now();
    } catch (error) {
      if (isLost(error)) drop(error);
      else if (performance.now() - heard > order.leaseSeconds * 1000)
        drop(
          new Error(`the server was not heard for ${String(order.leaseSeconds)} s, and has given the build to another`),
        );
    }
  }
}
