import { insertSnapshot, updateBuild, type Db } from '../../src/db/index.ts';
import { sha256 } from '../../src/lib/index.ts';
import type { Build } from '../../src/model/index.ts';
import type { Report, TestedWanted } from '../../src/promotion/index.ts';
import { build, NOON } from '../db/samples.ts';
import { TARGET } from './context.ts';

export const HOUR = 3_600_000;

/** A success that was published in a snapshot of its own. */
export async function published(db: Db, name: string, { project = 'tool', at = NOON } = {}): Promise<Build> {
  const made = await build(db, name, { project });
  const hash = sha256(`${project} ${name}`);
  await insertSnapshot(db, {
    ...{ target: TARGET, hash, parentHash: null, buildId: made.id, packageCount: 1, indexTime: null, createdAt: at },
  });
  await updateBuild(db, made.id, { state: 'finished', result: 'success', snapshot: hash, finishedAt: at });
  return { ...made, result: 'success', snapshot: hash };
}

export function report(job: string, result: Report['result'], more: Partial<Report> = {}): Report {
  return { job, result, url: null, notes: null, actor: 'jenkins', votedAt: null, lasts: null, ...more };
}

export function wanted(more: Partial<TestedWanted> = {}): TestedWanted {
  return {
    ...{ target: TARGET, kind: 'snapshot', maxAge: null, order: 'made', projects: [], job: null, result: null },
    ...more,
  };
}

export const taker = (job: string, actor = 'jenkins') => ({ job, actor, url: null, lasts: null });
