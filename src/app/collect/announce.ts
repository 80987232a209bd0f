import type { TrunkContext } from '../../builds/index.ts';
import {
  findAnnouncements,
  insertAnnouncement,
  listAnnouncedPackages,
  markAnnounced,
  type Marks,
  type Tx,
} from '../../db/index.ts';
import { emit, type DeliveredEvent } from '../../events/index.ts';
import type { Message } from '../../model/index.ts';
import { compose } from '../mails/index.ts';

/**
 * Says of snapshots and packages that they go after the time of grace, and has the maintainers of the projects whose packages go told, each once.
 * Answers the addresses.
 */
export async function announce(
  context: TrunkContext,
  tx: Tx,
  { target, marks, projects, actor }: { target: string; marks: Marks; projects: ReadonlySet<string>; actor: string },
): Promise<readonly string[]> {
  const now = context.now();
  const { settings } = context;
  const concerned = settings.projects.filter(({ name }) => projects.has(name));
  const told = settings.mail === null ? [] : [...new Set(concerned.flatMap(({ maintainers }) => maintainers))].sort();
  const goesAt = now + settings.gc.grace * 1000;
  const announcementId = await insertAnnouncement(tx, { target, announcedAt: now, goesAt, actor, told });
  await markAnnounced(tx, target, marks, announcementId);
  for (const address of told) await emit(tx, { kind: 'gc_announced', target, announcementId, address }, now);
  return told;
}

/** Packages listed in a mail. */
const MOST = 200;

/** The mail to one maintainer about what goes; null when all of it stays after all. */
export async function announcementMail(
  context: TrunkContext,
  event: DeliveredEvent & { kind: 'gc_announced' },
): Promise<Message | null> {
  const announcement = (await findAnnouncements(context.db, [event.announcementId])).get(event.announcementId);
  const theirs = new Set(
    context.settings.projects.filter(({ maintainers }) => maintainers.includes(event.address)).map(({ name }) => name),
  );
  const packages = (await listAnnouncedPackages(context.db, event.announcementId)).filter(({ project }) =>
    theirs.has(project),
  );
  if (announcement === undefined || packages.length === 0) return null;
  const projects = [...new Set(packages.map(({ project }) => project))];
  const date = new Date(announcement.goesAt).toISOString().slice(0, 10);
  const names = packages.slice(0, MOST).map(({ fullName }) => `  ${fullName}`);
  if (packages.length > MOST) names.push(`  and ${String(packages.length - MOST)} more`);
  const count = packages.length === 1 ? '1 old package' : `${String(packages.length)} old packages`;
  const who = projects.length <= 3 ? projects.join(', ') : `${String(projects.length)} projects`;
  return {
    id: `event-${String(event.id)}-${String(event.createdAt)}`,
    to: [event.address],
    subject: `[trunkline] ${count} of ${who} for ${event.target} will be removed on ${date}`,
    text: compose([
      `On ${date} these packages leave the repository of ${event.target}:`,
      names.join('\n'),
      'They are in no snapshot that a ref points at, that is held, or that is new. The newest success of each project stays.',
      `To keep one:       trunkline why-kept PACKAGE\n                   (says which snapshot has it, and how to hold that)`,
      'Nothing else has to be done. What is kept in the meantime stays.',
    ]),
  };
}
