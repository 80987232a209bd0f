import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { TrunkContext } from '../../builds/index.ts';
import {
  databaseClock,
  lastPackageId,
  listLapsed,
  listPolls,
  listRefs,
  listStuckEvents,
  newestWriting,
  storedAfter,
  type StoredPackage,
} from '../../db/index.ts';
import { sha256File } from '../../lib/index.ts';
import type { Target } from '../../model/index.ts';
import { filesOf } from '../backup/index.ts';
import { lockHolder } from '../lock/index.ts';
import type { Ailment, Found } from './examination.ts';

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
/** Milliseconds that clocks may differ: leases are minutes long. */
const SKEW = 10_000;
/** Milliseconds after which an event that nobody had is stuck. */
const STUCK = 60 * MINUTE;
/** Milliseconds that a lease may be over before somebody takes the attempt up again. */
const OVERDUE = 2 * MINUTE;
/** Milliseconds in which a move of a ref gets from the database to its link. */
const SETTLING = 2000;

/** Our clock against the database's, and against what was written last. */
export async function checkClock({ db, now }: TrunkContext): Promise<Found> {
  const before = now();
  const theirs = await databaseClock(db);
  const ours = (before + now()) / 2;
  const remedy =
    'have both machines keep time by NTP: servers go by the database’s, signatures and what only reads by this one’s';
  if (theirs !== null && Math.abs(theirs - ours) > SKEW)
    return [{ what: `The clock of the database’s server is ${seconds(theirs - ours)} from ours`, remedy }];
  const newest = await newestWriting(db);
  if (newest !== null && newest > now() + SKEW)
    return [
      {
        what: `What was written last is of ${new Date(newest).toISOString()}, which is ${seconds(newest - now())} from now: a clock was set back`,
        remedy: 'set the clock right; what was planned then begins later than it should',
      },
    ];
  return [];
}

const seconds = (milliseconds: number) =>
  `${String(Math.abs(Math.round(milliseconds / 1000)))} s ${milliseconds < 0 ? 'behind' : 'ahead'}`;

/** Events that nobody takes, and those that were given up in the last week. */
export async function checkEvents({ db, now }: TrunkContext): Promise<Found> {
  const stuck = await listStuckEvents(db, { waitingSince: now() - STUCK, abandonedSince: now() - 7 * DAY });
  return stuck.map(({ id, kind, createdAt, abandoned, lastError }) => ({
    what: `The event ${id} (${kind}) of ${new Date(createdAt).toISOString()} ${abandoned ? 'was given up' : 'is not delivered'}${lastError === null ? '' : `: ${lastError.slice(0, 200)}`}`,
    remedy: abandoned
      ? 'nobody was told: correct what the error names, and tell them by hand'
      : 'a run or a server delivers events: start one, or correct what the error names',
  }));
}

/** Attempts that are said to run, by a worker that has not been heard of. */
export async function checkAttempts({ db, now }: TrunkContext): Promise<Found> {
  const lapsed = await listLapsed(db, now() - OVERDUE);
  return lapsed.map(({ buildId, number, worker, leaseExpiresAt }) => ({
    what: `Attempt ${number} of build ${buildId} has no worker: ${worker ?? 'nobody'} held it until ${new Date(leaseExpiresAt).toISOString()}`,
    remedy: 'the next run, or a server, takes it up again: start one',
  }));
}

/** Projects whose repositories cannot be looked at, or are not, though a server runs. */
export async function checkPolling({ db, settings, now }: TrunkContext): Promise<Found> {
  const configured = new Set(settings.projects.map(({ name }) => name));
  const polls = (await listPolls(db)).filter(({ project }) => configured.has(project));
  const failing = polls
    .filter(({ failures }) => failures > 0)
    .map(({ project, failures, error }) => ({
      what: `${project} could not be looked at ${failures === 1 ? 'the last time' : `${failures} times`}: ${(error ?? '').slice(0, 300)}`,
      remedy: 'check its upstream and packaging in the configuration, and the way there',
    }));
  if ((await lockHolder(settings.localDir))?.url === undefined) return failing;
  const late = now() - Math.max(10 * settings.server.pollInterval * 1000, 10 * MINUTE);
  const forgotten = polls.filter(({ dueAt, failures }) => failures === 0 && dueAt < late);
  const [first] = forgotten;
  if (first === undefined) return failing;
  return [
    ...failing,
    {
      what: `${forgotten.length} projects wait to be looked at, ${first.project} since ${new Date(first.dueAt).toISOString()}`,
      remedy: 'a server does it, unless it was started with --no-poll; raise server.poll_interval if it cannot keep up',
    },
  ];
}

/** Refs on disk against the database. One that moves just now is given time to settle. */
export async function checkRefs(context: TrunkContext, signal: AbortSignal): Promise<Found> {
  const ailments: Ailment[] = [];
  for (const target of context.settings.targets) {
    let wrong = await wrongRefs(context, target);
    if (wrong.length > 0) {
      await pause(SETTLING, undefined, { signal });
      wrong = await wrongRefs(context, target);
    }
    ailments.push(...wrong);
  }
  return ailments;
}

async function wrongRefs({ db, repository, now }: TrunkContext, target: Target): Promise<Ailment[]> {
  const files = repository(target);
  const ailments: Ailment[] = [];
  const remedy = 'the next command that writes repairs it: trunkline run, or a restart of the server';
  for (const { name, snapshotHash } of await listRefs(db, target.name)) {
    const there = await files.readRef(name);
    const ref = `${target.name}/${name}`;
    if (there !== snapshotHash)
      ailments.push({
        what: `${ref} leads to ${there === null ? 'nothing' : there.slice(0, 12)}, and is to lead to ${snapshotHash.slice(0, 12)}`,
        remedy,
      });
    else if (!(await files.isMaterialised(snapshotHash)))
      ailments.push({ what: `${ref} leads to ${snapshotHash.slice(0, 12)}, which has no files`, remedy });
    else ailments.push(...expired(ref, await files.validUntil(name), now()));
  }
  return ailments;
}

function expired(ref: string, until: number | null, now: number): Ailment[] {
  if (until === null || until * 1000 > now) return [];
  return [
    {
      what: `apt refuses ${ref} since ${new Date(until * 1000).toISOString()}: its Valid-Until is over`,
      remedy:
        'a server, while it runs, and every trunkline run renew it: start one; where one runs, its log says why not',
    },
  ];
}

/** Reads some packages, chosen at random, and compares them with their digests. */
export async function checkStore({ db, settings }: TrunkContext, sample: number, signal: AbortSignal): Promise<Found> {
  const last = await lastPackageId(db);
  const chosen = new Map<number, StoredPackage>();
  // One package by its id where that is there, else the next: enough for a sample, and it needs no look at all of them.
  for (let n = 0; n < sample && last > 0; n += 1)
    for (const one of await storedAfter(db, last <= sample ? n : Math.floor(Math.random() * last), 1))
      chosen.set(one.id, one);
  const ailments: Ailment[] = [];
  for (const one of chosen.values()) {
    signal.throwIfAborted();
    for (const { path, sha256 } of filesOf(one)) {
      const found = await sha256File(join(settings.dataDir, path)).catch(() => null);
      if (found === sha256) continue;
      ailments.push({
        what: `${one.fullName} of ${one.target} is ${found === null ? 'missing' : 'damaged'}: ${path}`,
        remedy: `an upload of the same file brings it back; --quarantine puts aside what is damaged, trunkline repo verify ${one.target} looks at all`,
        ...(found !== null && { damaged: { target: one.target, fullName: one.fullName, fileName: basename(path) } }),
      });
    }
  }
  return { fact: `${chosen.size} packages read`, ailments };
}
