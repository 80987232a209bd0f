import { join } from 'node:path';
import { openJail, type Jail } from '../../../lib/jail/index.ts';
import type { VerifyOutcome, VerifyRequest } from '../../../model/index.ts';
import { missingPaths } from './base-repositories.ts';
import { startClock, type Clock } from './clock.ts';
import { failureOf, MachineTrouble, withDiskLimit, type Failure } from './outcome.ts';
import { notPrepared, type PreparedRoot, type RootStore } from './root-store.ts';
import { verifyDeb } from './verify-deb.ts';
import { verifyRpm } from './verify-rpm.ts';

/** One install check under way. */
export interface VerifyRun {
  request: VerifyRequest;
  jail: Jail;
  prepared: PreparedRoot;
  clock: Clock;
  log: string;
}

export interface VerifyEnd {
  failure: Failure | null;
  installed: readonly string[];
}

/** Installs packages in a clean root that is thrown away. A failure is an outcome; what is thrown is our own trouble. */
export async function verifyPackages(store: RootStore, request: VerifyRequest): Promise<VerifyOutcome> {
  const { target, signal } = request;
  const clock = startClock(target.limits.time);
  const held = await store.acquire(target);
  if (held === undefined) throw notPrepared(target);
  let jail: Jail | undefined;
  try {
    const { memory, processes, disk } = target.limits;
    jail = await openJail({ label: 'verify', limits: { memory, processes, disk }, signal });
    const run = { request, jail, prepared: held.root, clock, log: join(request.logs, 'install.log') };
    const { failure, installed } = await endOf(run);
    return {
      ok: failure === null,
      reason: failure?.reason ?? null,
      detail: failure?.detail ?? null,
      ...{ installed, timings: clock.timings() },
    };
  } finally {
    await jail?.close();
    await held.release();
  }
}

async function endOf(run: VerifyRun): Promise<VerifyEnd> {
  const { target, signal } = run.request;
  try {
    const gone = await missingPaths(target);
    if (gone.length > 0) throw new MachineTrouble(`the base repository is not there: ${gone.join(', ')}`);
    const { failure, installed } = await (target.format === 'rpm' ? verifyRpm(run) : verifyDeb(run));
    return { failure: failure === null ? null : withDiskLimit(failure, target.limits), installed };
  } catch (error) {
    signal.throwIfAborted();
    const { reason, detail } = failureOf(error, target.limits);
    return { failure: { reason: reason === 'build_failed' ? 'install_failed' : reason, detail }, installed: [] };
  }
}
