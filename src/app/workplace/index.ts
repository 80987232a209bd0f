import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { recoverTarballs } from '../../builds/source/index.ts';
import { createBuilders } from '../../drivers/builders/registry.ts';
import { createFormats } from '../../drivers/formats/registry.ts';
import { recoverJails } from '../../lib/jail/index.ts';
import type { Builder, FormatName, PackageFormat } from '../../model/index.ts';
import { takeLock } from '../lock/index.ts';

/** A data directory in which builds are made for others: no database and no key. */
export interface WorkerDirectory {
  dataDir: string;
  formats: Readonly<Record<FormatName, PackageFormat>>;
  builders: ReadonlyMap<string, Builder>;
  close(): Promise<void>;
}

/**
 * Opens a worker's data directory, alone, and clears away what a killed one left: jails, roots half made, scratch directories.
 * @throws TrunklineError `data_dir_locked`, `data_dir_unwritable`
 */
export async function openWorkerDirectory(dataDir: string): Promise<WorkerDirectory> {
  const lock = await takeLock(dataDir);
  try {
    const builders = createBuilders({ stateDirectory: join(dataDir, 'roots') });
    await recoverJails();
    for (const builder of builders.values()) await builder.recover();
    await rm(join(dataDir, 'scratch'), { recursive: true, force: true });
    await recoverTarballs(join(dataDir, 'tarballs'));
    return { dataDir, builders, formats: createFormats(), close: () => lock.release() };
  } catch (error) {
    await lock.release();
    throw error;
  }
}
