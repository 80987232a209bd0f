import type { Settings } from '../../model/index.ts';
import { describeError } from '../../lib/index.ts';
import { checkConfig } from '../config/index.ts';
import { openForReading, type Trunk } from '../open.ts';
import { checkAttempts, checkClock, checkEvents, checkPolling, checkRefs, checkStore } from './deployment.ts';
import { ailmentOf, examine, skipped, type Examination } from './examination.ts';
import { checkBuilders, checkDataDirectory, checkKeys, checkMail } from './machine.ts';

export type { Ailment, Examination } from './examination.ts';

export interface DoctorRequest {
  /** What `--config` said. */
  config: string | undefined;
  /** Packages that are read and compared with their digests. */
  sample: number;
  report: (check: string) => void;
  signal: AbortSignal;
}

const OF_DEPLOYMENT = ['clock', 'events', 'attempts', 'polling', 'refs', 'store'] as const;

/**
 * Looks at everything a deployment needs, and says of each what is wrong with it. Reads only and takes no lock; what cannot be looked at is said to be
 * wrong or, where something else is the reason, skipped.
 */
export async function examineDeployment(request: DoctorRequest): Promise<Examination[]> {
  const { report } = request;
  const read: { settings: Settings | null } = { settings: null };
  report('configuration');
  const configuration = await examine('configuration', async () => {
    const checked = await checkConfig({ config: request.config });
    read.settings = checked.settings;
    const ailments = checked.mistakes.map(({ file, line, what, remedy }) => ({
      what: `${file}:${String(line)}: ${what}`,
      remedy,
    }));
    return { fact: checked.file, ailments };
  });
  if (read.settings === null)
    return [configuration, ...['data directory', 'database', 'targets', 'keys', 'mail', ...OF_DEPLOYMENT].map(skipped)];
  return [configuration, ...(await examineAll(read.settings, request))];
}

async function examineAll(settings: Settings, request: DoctorRequest): Promise<Examination[]> {
  const examinations: Examination[] = [];
  const look = async (check: string, work: Parameters<typeof examine>[1]) => {
    request.report(check);
    request.signal.throwIfAborted();
    examinations.push(await examine(check, work));
  };
  await look('data directory', () => checkDataDirectory(settings));
  const opened: { trunk: Trunk | null } = { trunk: null };
  await look('database', async () => {
    try {
      opened.trunk = await openForReading(settings);
      return { fact: opened.trunk.context.db.place, ailments: [] };
    } catch (error) {
      return [ailmentOf(error)];
    }
  });
  await look('targets', () => checkBuilders(settings));
  await look('keys', () => checkKeys(settings, Date.now()));
  await look('mail', () => checkMail(settings));
  const { trunk } = opened;
  if (trunk === null) return [...examinations, ...OF_DEPLOYMENT.map(skipped)];
  const { context } = trunk;
  try {
    await look('clock', () => checkClock(context));
    await look('events', () => checkEvents(context));
    await look('attempts', () => checkAttempts(context));
    await look('polling', () => checkPolling(context));
    await look('refs', () => checkRefs(context, request.signal));
    await look('store', () => checkStore(context, request.sample, request.signal));
  } finally {
    await trunk.close().catch((error: unknown) => {
      context.log.warn(describeError(error));
    });
  }
  return examinations;
}
