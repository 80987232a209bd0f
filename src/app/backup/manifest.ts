import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errnoOf, TrunklineError } from '../../lib/index.ts';

/** Its file in a backup: written last, so that what has one is whole. */
export const MANIFEST = 'backup.json';
/** The configuration's name in a backup, whatever it was called. */
export const CONFIGURATION = 'trunkline.yaml';

const VERSION = 1;

const manifestSchema = z.strictObject({
  version: z.literal(VERSION),
  /** ISO 8601. */
  madeAt: z.iso.datetime(),
  program: z.string(),
  host: z.string(),
  dataDir: z.string(),
  configuration: z.string(),
  database: z.strictObject({
    engine: z.enum(['sqlite', 'postgres']),
    file: z.enum(['database.sqlite', 'database.dump']),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  packages: z.int(),
  keys: z.boolean(),
  /** Files that the configuration names and that are not in the backup. */
  named: z.array(z.string()),
  /** Snapshots that existed as files, by target: they are made again. */
  materialised: z.record(z.string(), z.array(z.string().regex(/^[0-9a-f]{64}$/))),
});

/** What a backup says of itself. */
export type BackupManifest = z.infer<typeof manifestSchema>;

/** @throws TrunklineError `not_found` for what is no whole backup, `store_damaged`, `unsupported` for one by a newer program */
export async function readManifest(source: string): Promise<BackupManifest> {
  const path = join(source, MANIFEST);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (errnoOf(error) === undefined) throw damaged(path, error);
    throw new TrunklineError('not_found', `${source} is no backup: ${MANIFEST} cannot be read there`, {
      where: path,
      hint: 'name the directory that trunkline backup made; one that it did not finish has no such file',
      cause: error,
    });
  }
  const version = z.object({ version: z.number() }).safeParse(value);
  if (version.success && version.data.version > VERSION)
    throw new TrunklineError('unsupported', 'The backup was made by a newer trunkline', {
      where: path,
      hint: 'restore it with that version',
    });
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw damaged(path, parsed.error);
}

export const newManifest = (fields: Omit<BackupManifest, 'version'>): string =>
  `${JSON.stringify({ version: VERSION, ...fields }, null, 2)}\n`;

function damaged(path: string, cause: unknown): TrunklineError {
  return new TrunklineError('store_damaged', 'What the backup says of itself is damaged', {
    where: path,
    hint: 'take an earlier backup',
    cause,
  });
}
