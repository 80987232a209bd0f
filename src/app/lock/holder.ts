import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { redact } from '../../lib/index.ts';

/** Who holds a data directory, as it wrote itself down. */
export interface Holder {
  pid: number;
  /** Start of the process in clock ticks since boot, from /proc/<pid>/stat: tells it from a later process with the same number. */
  startTicks: string;
  /** The kernel's boot id: process numbers mean nothing after a restart. */
  bootId: string;
  host: string;
  /** The command line, secrets redacted. */
  command: string;
  /** When it took the lock, ISO 8601. */
  since: string;
  /** Where it can be asked to do what needs the directory: a server's address. */
  url?: string;
}

/** This process as a holder. */
export async function ownHolder(now: Date): Promise<Holder> {
  const command = ['trunkline', ...process.argv.slice(2)].join(' ');
  return {
    pid: process.pid,
    startTicks: (await startTicksOf(process.pid)) ?? '',
    bootId: await bootId(),
    host: hostname(),
    command: redact(command).slice(0, 500),
    since: now.toISOString(),
  };
}

/** Whether the process that wrote itself down is running; undefined where that cannot be told, on another machine. */
export async function isRunning(holder: Holder): Promise<boolean | undefined> {
  if (holder.host !== hostname()) return undefined;
  if (holder.bootId !== (await bootId())) return false;
  return (await startTicksOf(holder.pid)) === holder.startTicks;
}

/** The holder written in `path`; null when there is none or it is damaged. */
export async function readHolder(path: string): Promise<Holder | null> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isHolder(value) ? value : null;
  } catch {
    return null;
  }
}

function isHolder(value: unknown): value is Holder {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Record<string, unknown>;
  return (
    typeof fields.pid === 'number' &&
    ['startTicks', 'bootId', 'host', 'command', 'since'].every((key) => typeof fields[key] === 'string') &&
    ['undefined', 'string'].includes(typeof fields.url)
  );
}

async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim();
}

/** Field 22 of /proc/<pid>/stat (proc(5)); undefined when there is no such process. The name before it may hold blanks and parentheses. */
async function startTicksOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}
