import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { listRefs } from '../db/index.ts';
import { fileSystemError, sha256, TrunklineError } from '../lib/index.ts';
import { requireTarget, type Settings } from '../model/index.ts';
import { exportTargets, type Destination, type Exported, type ExportedTarget } from '../repos/index.ts';
import { takeLock } from './lock/index.ts';
import { openForReading, type Trunk } from './open.ts';

export interface ExportRequest {
  /** A directory, or `host:path`, `host::module/path`, `rsync://…`. */
  destination: string;
  /** Names; null: every ref. */
  refs: readonly string[] | null;
  /** Names; null: every target that has one of the refs. */
  targets: readonly string[] | null;
  /** The URL of the mirror's top for its client files; null: the one they have here. */
  baseUrl: string | null;
  /** Further options for rsync. */
  options: readonly string[];
  /** Whether what is needed no more is removed there. */
  remove: boolean;
  report: (what: string) => void;
  signal: AbortSignal;
}

/**
 * Mirrors refs to a directory or another machine. Works beside a run; two exports to one place wait for nobody: the second is refused.
 * @throws TrunklineError `not_found` where there is nothing to export, `data_dir_locked` for a second export to the same place
 */
export async function exportRepositories(settings: Settings, request: ExportRequest): Promise<Exported[]> {
  const place = await placeOf(request.destination);
  const lock = await takeLock(join(settings.dataDir, 'exports', sha256(place.address).slice(0, 16)));
  const scratch = await mkdtemp(join(tmpdir(), 'trunkline-export-'));
  try {
    const trunk = await openForReading(settings);
    try {
      const targets = await chosen(trunk, settings, request);
      const { options, remove, report, signal } = request;
      const to: Destination = { ...place, options, scratch, signal };
      return await exportTargets(targets, to, { remove, report });
    } finally {
      await trunk.close();
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
    await lock.release();
  }
}

async function placeOf(destination: string): Promise<Pick<Destination, 'address' | 'directory'>> {
  if (destination === '' || destination.startsWith('-'))
    throw new TrunklineError('invalid_argument', `${JSON.stringify(destination)} is no place to export to`, {
      hint: 'give a directory (./-name for one that begins with a hyphen), or host:path',
    });
  if (/^(rsync:\/\/|[^/]+:)/.test(destination))
    return { address: `${destination.replace(/\/+$/, '')}/`, directory: null };
  const directory = resolve(destination);
  await mkdir(directory, { recursive: true }).catch((error: unknown) => {
    throw fileSystemError(error, directory);
  });
  return { address: `${directory}/`, directory };
}

async function chosen({ context }: Trunk, settings: Settings, request: ExportRequest): Promise<ExportedTarget[]> {
  for (const name of request.targets ?? []) requireTarget(settings, name);
  const targets: ExportedTarget[] = [];
  for (const target of settings.targets.filter(({ name }) => request.targets?.includes(name) ?? true)) {
    const there = (await listRefs(context.db, target.name)).map(({ name }) => name);
    const refs = there.filter((name) => request.refs?.includes(name) ?? true);
    if (refs.length === 0) continue;
    const repository = context.repository(target);
    const base = request.baseUrl?.replace(/\/+$/, '') ?? null;
    targets.push({
      ...{ name: target.name, repository, refs, format: context.formats[target.format] },
      directory: join(settings.dataDir, 'repos', target.name),
      url: base === null ? repository.url : `${base}/${target.name}`,
    });
  }
  const found = new Set(targets.flatMap(({ refs }) => refs));
  const missing = request.refs?.find((name) => !found.has(name));
  if (targets.length > 0 && missing === undefined) return targets;
  throw new TrunklineError(
    'not_found',
    missing === undefined ? 'There is no ref to export' : `There is no ref ${missing}`,
    {
      hint: 'trunkline ref list shows what there is',
    },
  );
}
