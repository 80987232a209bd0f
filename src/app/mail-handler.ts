import { join } from 'node:path';
import { logDirectory, placeOf, type TrunkContext } from '../builds/index.ts';
import { findBuild, listAttempts, requireBuildWithRevision } from '../db/index.ts';
import { createNotifiers } from '../drivers/notifiers/registry.ts';
import type { DeliveredEvent, EventHandler } from '../events/index.ts';
import type { Message, Notifier } from '../model/index.ts';
import { buildDirectoryPath } from '../repos/index.ts';
import { announcementMail } from './collect/index.ts';
import { failureMail, readLogEnd, recoveryMail } from './mails/index.ts';

/** One handler for each way of telling maintainers that the configuration asks for. */
export function mailHandlers(context: TrunkContext): EventHandler[] {
  const notifiers = createNotifiers(context.settings, (addresses) => {
    context.log.warn(`the mail server refused ${addresses.join(', ')}`);
  });
  return notifiers.map((notifier) => handlerOf(context, notifier));
}

function handlerOf(context: TrunkContext, notifier: Notifier): EventHandler {
  return {
    name: notifier.name,
    kinds: ['build_failed_first', 'build_recovered', 'gc_announced'],
    async handle(event) {
      const message = await compose(context, event);
      if (message !== null) await notifier.send(message);
    },
  };
}

/** The mail an event is due, or null: for a project that has gone from the configuration, or has nobody to tell. */
async function compose(context: TrunkContext, event: DeliveredEvent): Promise<Message | null> {
  if (event.kind === 'gc_announced') return announcementMail(context, event);
  if (event.kind !== 'build_failed_first' && event.kind !== 'build_recovered') return null;
  const project = context.settings.projects.find(({ name }) => name === event.project);
  const known = context.settings.targets.some(({ name }) => name === event.target);
  if (project === undefined || !known || project.maintainers.length === 0) return null;
  const { build, revision } = await requireBuildWithRevision(context.db, event.buildId);
  const news = {
    id: `event-${event.id}-${event.createdAt}`,
    to: project.maintainers,
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
