import type { TrunkContext } from '../../builds/index.ts';
import { keepPoll, nextPollAt, schedulePolls, settlePoll, takePoll, type Poll } from '../../db/index.ts';
import { createTurns, describeError, isAborted, pauseFor, together, TrunklineError } from '../../lib/index.ts';
import { FORMAT_NAMES, type GitBranch, type Project } from '../../model/index.ts';
import { discoverProject } from '../discover.ts';
import { recordFound } from '../record.ts';

/** How many projects are looked at at once: as few as do for looks of a second each, or their servers would only be slow. */
const AT_ONCE = { least: 4, most: 32 };
/** Milliseconds a poll belongs to who took it, unless he says again that he has it, and how often he does. */
const TAKEN = 180_000;
const KEEP = 60_000;
/** The longest pause after failures, milliseconds. */
const LONGEST_PAUSE = 6 * 3_600_000;
/** Milliseconds after which is looked again, whatever the plan says: another server may have been asked. */
const LOOK_AGAIN = 1000;

/** What the last look at a project found, so that nothing is read again when nothing is new. In memory: after a start everything is read once. */
type Seen = Map<string, string>;

/**
 * Looks at each project's repositories when it is due, until `signal` is aborted: what is new is recorded and queued. Each project has a time of its
 * own, spread over the interval, give or take a tenth. One that cannot be reached is asked ever less often, and holds up nobody else.
 */
export async function pollProjects(context: TrunkContext, signal: AbortSignal): Promise<void> {
  // An interval that was shortened since is not waited out as it was.
  const longest = (failures: number) => context.now() + Math.max(TAKEN, intervalAfter(context, failures) * 1.1);
  await schedulePolls(context.db, firstTimes(context), longest);
  // Discovery finds the mirrors as the look at the tips has left them.
  const fresh = {
    ...context,
    mirrors: { ...context.mirrors, fetched: (repository: Pick<GitBranch, 'url'>) => context.mirrors.of(repository) },
  };
  const seen: Seen = new Map();
  const { projects, server } = context.settings;
  const atOnce = Math.min(AT_ONCE.most, Math.max(AT_ONCE.least, Math.ceil(projects.length / server.pollInterval)));
  // One waits for what is due; the others wait for it, and ask the database nothing meanwhile.
  const inTurn = createTurns(1, atOnce, { what: 'Too many wait for a project', hint: '' });
  const next = async (signal: AbortSignal) => {
    while (!isAborted(signal)) {
      const taken = await inTurn(() => takeNext(context, signal));
      if (taken === null) return;
      const { poll, began } = taken;
      await keeping(fresh, poll.project, () => pollOne(fresh, poll, { began, seen, signal }));
    }
  };
  await together(
    signal,
    Array.from({ length: atOnce }, () => next),
  );
}

/** The next project that is due, when it is; null after an abort. */
async function takeNext(context: TrunkContext, signal: AbortSignal): Promise<{ poll: Poll; began: number } | null> {
  // The others wait until it is due; one that another server was about to take is not asked for without a pause.
  for (let least = 0; ; least = 10) {
    await waitForNext(context, { least, signal });
    if (isAborted(signal)) return null;
    const began = context.now();
    const poll = await takePoll(context.db, { now: began, until: began + TAKEN, by: context.server });
    if (poll !== null) return { poll, began };
  }
}

/** Spread over one interval, and the first at once: a server that starts again begins with what is overdue, not with everything. */
function firstTimes({ settings, now }: TrunkContext): Map<string, number> {
  const { projects } = settings;
  const interval = settings.server.pollInterval * 1000;
  const start = now();
  return new Map(
    projects.map(({ name }, n) => [name, start + Math.trunc((Math.min(interval, 60_000) * n) / projects.length)]),
  );
}

async function pollOne(
  context: TrunkContext,
  poll: Poll,
  { began, seen, signal }: { began: number; seen: Seen; signal: AbortSignal },
): Promise<void> {
  const project = context.settings.projects.find(({ name }) => name === poll.project);
  let error: string | null = null;
  if (project !== undefined)
    try {
      await discoverIfNew(context, project, seen, signal);
    } catch (thrown) {
      // What was begun is due again at once when the server is there again.
      if (isAborted(signal)) return settlePoll(context.db, poll.project, { began, dueAt: began, error: null });
      error = describeError(thrown);
      if (poll.error !== error) context.log.warn({ project: poll.project }, `cannot be looked at: ${error}`);
      if (!(thrown instanceof TrunklineError)) context.log.error({ err: thrown, project: poll.project }, error);
    }
  if (error === null && poll.failures > 0) context.log.info({ project: poll.project }, 'can be looked at again');
  const failures = error === null ? 0 : poll.failures + 1;
  await settlePoll(context.db, poll.project, { began, dueAt: context.now() + pauseOf(context, failures), error });
}

/** Says now and then that a project is in hand, for as long as `work` goes on. */
async function keeping(context: TrunkContext, project: string, work: () => Promise<void>): Promise<void> {
  const { db, server, log } = context;
  const keep = () => {
    const now = context.now();
    keepPoll(db, project, { now, until: now + TAKEN, by: server }).catch((error: unknown) => {
      log.warn({ project }, `another server may look at it too: ${describeError(error)}`);
    });
  };
  const timer = setInterval(keep, KEEP);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
}

async function discoverIfNew(context: TrunkContext, project: Project, seen: Seen, signal: AbortSignal): Promise<void> {
  const tips = await tipsOf(context, project, signal);
  if (seen.get(project.name) === tips) return;
  // What is found is compared with what was found last: one after the other, whichever server it is.
  await context.mutexes.hold(`discover ${project.name}`, () => discoverNew(context, project, signal));
  seen.set(project.name, tips);
}

async function discoverNew(context: TrunkContext, project: Project, signal: AbortSignal): Promise<void> {
  for (const format of FORMAT_NAMES) {
    if (project.packaging[format] === undefined) continue;
    const found = await discoverProject(context, project, format, { since: null, signal });
    const queued = await recordFound(context, found, { headOnly: false, priorities: null });
    if (queued === 0) continue;
    context.log.info({ project: project.name, format, builds: queued }, 'new commits');
    context.queueBell.ring();
  }
}

/** What all of a project's repositories have. */
async function tipsOf({ mirrors }: TrunkContext, project: Project, signal: AbortSignal): Promise<string> {
  const repositories = [project.upstream, ...FORMAT_NAMES.flatMap((format) => project.packaging[format] ?? [])];
  const tips: string[] = [];
  for (const repository of repositories) tips.push((await mirrors.refreshed(repository, signal)).tips);
  return tips.join(' ');
}

/** Milliseconds: `intervalAfter`, give or take a tenth, so that projects do not fall into step. */
function pauseOf(context: TrunkContext, failures: number): number {
  return Math.trunc(intervalAfter(context, failures) * (0.9 + Math.random() * 0.2));
}

/** Milliseconds between two looks: twice the interval after a failure, four times after two… */
function intervalAfter({ settings }: TrunkContext, failures: number): number {
  const interval = settings.server.pollInterval * 1000;
  if (failures === 0) return interval;
  return Math.max(interval, Math.min(interval * 2 ** Math.min(failures, 20), LONGEST_PAUSE));
}

/** Until the next project is due, `least` milliseconds or more. */
async function waitForNext(
  context: TrunkContext,
  { least, signal }: { least: number; signal: AbortSignal },
): Promise<void> {
  const next = (await nextPollAt(context.db)) ?? Number.POSITIVE_INFINITY;
  const wait = Math.max(least, Math.min(next - context.now(), LOOK_AGAIN));
  if (wait > 0) await pauseFor(wait, signal);
}
