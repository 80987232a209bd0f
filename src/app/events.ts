import { logDirectory, showPublication, type TrunkContext } from '../builds/index.ts';
import { findAttempt, requireBuild } from '../db/index.ts';
import { deliverPending, type DeliveryReport, type EventHandler } from '../events/index.ts';
import { describeError } from '../lib/index.ts';
import { deliverDueMails, mailHandlers } from './mail-handler.ts';
import { webhookHandlers } from './webhook-handlers.ts';

/**
 * Delivers what the outbox holds: publications that a killed process recorded and did not get to show, and mails to maintainers.
 * What cannot be delivered now stays for the next call, and is said in the log.
 * Nobody inside handles `packages_uploaded`, `ref_moved` and `ref_removed`: what they tell of is shown by whoever did it and, after a crash, by
 * start-up. They are there for subscribers outside, and are settled at once where there are none.
 */
export async function deliverEvents(context: TrunkContext, signal?: AbortSignal): Promise<DeliveryReport> {
  const handlers = [publicationHandler(context), ...mailHandlers(context), ...webhookHandlers(context)].map((handler) =>
    logged(context, handler),
  );
  const events = await deliverPending(context.db, handlers, {
    server: context.server,
    clock: context.now,
    onAbandoned: ({ id, kind, ...event }, why) => {
      const whom = 'webhook' in event ? `webhook ${event.webhook}: ` : '';
      context.log.error({ event: id, kind }, `${whom}given up after many tries: ${why}`);
    },
    ...(signal === undefined ? {} : { signal }),
  });
  const mails = await deliverDueMails(context, signal);
  return {
    delivered: events.delivered + mails.delivered,
    failed: events.failed + mails.failed,
    abandoned: events.abandoned + mails.abandoned,
  };
}

/** Writes the directory and the links of a build that was recorded by a process that ended before it could. */
function publicationHandler(context: TrunkContext): EventHandler {
  return {
    name: 'publication',
    kinds: ['build_finished'],
    async handle(event) {
      if (event.kind !== 'build_finished' || event.attemptId === null || context.shown.has(event.attemptId)) return;
      const known = context.settings.targets.some(({ name }) => name === event.target);
      const attempt = known ? await findAttempt(context.db, event.attemptId) : null;
      if (attempt === null) return;
      const build = await requireBuild(context.db, event.buildId);
      await showPublication(context, { build, logs: logDirectory(context.settings, build.id, attempt.number) });
      context.shown.add(event.attemptId);
    },
  };
}

function logged(context: TrunkContext, handler: EventHandler): EventHandler {
  return {
    ...handler,
    async handle(event) {
      try {
        await handler.handle(event);
      } catch (error) {
        context.log.warn(
          { event: event.id, kind: event.kind },
          `${handler.name}: ${describeError(error)}; tried again later`,
        );
        throw error;
      }
    },
  };
}
