import { join } from 'node:path';
import { logDirectory, placeOf, type TrunkContext } from '../builds/index.ts';
import { findAnnouncements, findBuild, listAttempts, requireBuildWithRevision } from '../db/index.ts';
import { createNotifiers } from '../drivers/notifiers/registry.ts';
import type { DeliveredEvent, DeliveryReport, EventHandler } from '../events/index.ts';
import type { Message, Notifier } from '../model/index.ts';
import { buildDirectoryPath } from '../repos/index.ts';
import { announcementMail } from './collect/index.ts';
import { keepForLater, sendDueMails } from './mail-times.ts';
import { failureMail, readLogEnd, recoveryMail } from './mails/index.ts';

/** One handler for each way of telling maintainers that the configuration asks for. */
export function mailHandlers(context: TrunkContext): EventHandler[] {
  return notifiersOf(context).map((notifier) => handlerOf(context, notifier));
}

/** Tells maintainers who have times of their own what is due. */
export async function deliverDueMails(context: TrunkContext, signal: AbortSignal | undefined): Promise<DeliveryReport> {
  const [notifier] = notifiersOf(context);
  if (notifier === undefined) return { delivered: 0, failed: 0, abandoned: 0 };
  return sendDueMails(context, { notifier, compose: (event, to) => compose(context, event, to), signal });
}

function notifiersOf(context: TrunkContext): readonly Notifier[] {
  return createNotifiers(context.settings, (addresses) => {
    context.log.warn(`the mail server refused ${addresses.join(', ')}`);
  });
}

function handlerOf(context: TrunkContext, notifier: Notifier): EventHandler {
  return {
    name: notifier.name,
    kinds: ['build_failed_first', 'build_recovered', 'gc_announced'],
    async handle(event) {
      const message = await news(context, event);
      if (message !== null) await notifier.send(message);
    },
  };
}

async function news(context: TrunkContext, event: DeliveredEvent): Promise<Message | null> {
  const now = await keepForLater(context, event, concerned(context, event), await useless(context, event));
  return now.length === 0 ? null : compose(context, event, now);
}

/** Addresses of those an event is told. */
function concerned({ settings }: TrunkContext, event: DeliveredEvent): readonly string[] {
  if (event.kind === 'gc_announced') return [event.address];
  if (event.kind !== 'build_failed_first' && event.kind !== 'build_recovered') return [];
  return settings.projects.find(({ name }) => name === event.project)?.maintainers ?? [];
}

/** From when on nobody can act on what an event says: what goes has gone. */
async function useless({ db }: TrunkContext, event: DeliveredEvent): Promise<number> {
  if (event.kind !== 'gc_announced') return Number.POSITIVE_INFINITY;
  return (await findAnnouncements(db, [event.announcementId])).get(event.announcementId)?.goesAt ?? 0;
}

/** What an event says, or null: for a project or target that has gone from the configuration, and when what was to go stays after all. */
async function compose(context: TrunkContext, event: DeliveredEvent, to: readonly string[]): Promise<Message | null> {
  if (event.kind === 'gc_announced') return announcementMail(context, event);
  if (event.kind !== 'build_failed_first' && event.kind !== 'build_recovered') return null;
  const project = context.settings.projects.find(({ name }) => name === event.project);
  const known = context.settings.targets.some(({ name }) => name === event.target);
  if (project === undefined || !known) return null;
  const { build, revision } = await requireBuildWithRevision(context.db, event.buildId);
  const news = {
    id: `event-${event.id}-${event.createdAt}`,
    to,
    project: project.name,
    target: build.target,
    buildId: build.id,
    upstream: revision.upstream,
    distgit: revision.distgit,
  };
  const place = `${build.target}/${buildDirectoryPath(await placeOf(context, build, revision))}`;
  const address = `${context.settings.baseUrl ?? join(context.settings.dataDir, 'repos')}/${place}/`;
  if (event.kind === 'build_recovered')
    return recoveryMail({ ...news, repository: address, brokenBy: await mention(context, event.brokenBy) });
  const { reason, detail } = build;
  const log = await readLastLog(context, build.id);
  const lastSuccess = await mention(context, event.lastSuccess);
  return failureMail({
    ...news,
    reason,
    detail,
    log,
    logLines: context.settings.mail?.logLines ?? 30,
    logs: address,
    lastSuccess,
  });
}

async function mention(context: TrunkContext, id: number | null) {
  if (id === null || (await findBuild(context.db, id)) === null) return null;
  const { build, revision } = await requireBuildWithRevision(context.db, id);
  return { upstream: revision.upstream, buildId: build.id };
}

/** The end of the log that says why a build failed: the install check's where there is one, for it comes last. */
async function readLastLog(context: TrunkContext, buildId: number): Promise<string> {
  const last = (await listAttempts(context.db, buildId)).findLast(({ state }) => state === 'finished');
  if (last === undefined) return '';
  const directory = logDirectory(context.settings, buildId, last.number);
  const name =
    last.reason === 'install_failed' ? 'install.log' : last.reason === 'deps_unresolvable' ? 'root.log' : 'build.log';
  return readLogEnd(join(directory, name)).catch(() => '');
}
