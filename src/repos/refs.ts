import { readFile, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, replaceLink, syncDirectory, TrunklineError, writeAtomic } from '../lib/index.ts';
import type { PackageFormat } from '../model/index.ts';
import { checkHash, checkRefName, type Layout } from './layout.ts';
import { hasSnapshot } from './snapshots.ts';

/** What a ref's client files are made from. */
export interface RefClient {
  format: PackageFormat;
  /** The URL of the repository's directory. */
  url: string;
  origin: string;
  target: string;
}

/** The snapshot a ref points at, or null. */
export async function readRef(layout: Layout, name: string): Promise<string | null> {
  try {
    const target = await readlink(join(layout.directory, checkRefName(name)));
    return /^snapshots\/([0-9a-f]{64})$/.exec(target)?.[1] ?? null;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'EINVAL') return null;
    throw error;
  }
}

/**
 * Points a ref at a snapshot in one step, then says so in `<name>.mirrorlist`: a dnf client that asks it stays on one snapshot for a whole
 * transaction, where one with `baseurl=…/<name>` may see half of each (DESIGN 3).
 * @throws TrunklineError `not_found` for a snapshot that is not there
 */
export async function moveRef(layout: Layout, client: RefClient, name: string, hash: string): Promise<void> {
  checkRefName(name);
  if (!(await hasSnapshot(layout, checkHash(hash))))
    throw new TrunklineError('not_found', `There is no snapshot ${hash} for the ref ${name} to point at`, {
      where: join(layout.directory, name),
      hint: 'write the snapshot first',
    });
  await replaceLink(join(layout.directory, name), `snapshots/${hash}`);
  await writeChanged(join(layout.directory, `${name}.mirrorlist`), `${client.url}/snapshots/${hash}/\n`);
  for (const file of clientFilesOf(client, name))
    await writeChanged(join(layout.directory, file.fileName), file.content);
}

/** Takes a ref away; its snapshot stays. */
export async function removeRef(layout: Layout, client: RefClient, name: string): Promise<void> {
  const names = [checkRefName(name), `${name}.mirrorlist`, ...clientFilesOf(client, name).map((file) => file.fileName)];
  for (const one of names) await rm(join(layout.directory, one), { force: true });
  await syncDirectory(layout.directory);
}

/** The files with which a user follows a ref, beside it; those inside the snapshot name the snapshot. */
function clientFilesOf(client: RefClient, name: string) {
  const { format, url, origin, target } = client;
  return format.clientFiles({
    name: name === 'current' ? origin : `${origin}-${name}`,
    url: `${url}/${name}/`,
    description: `Trunkline packages of ${target}, ${name}`,
    mirrorlist: `${url}/${name}.mirrorlist`,
    origin,
  });
}

async function writeChanged(path: string, content: string): Promise<void> {
  const old = await readFile(path, 'utf8').catch(() => undefined);
  if (old !== content) await writeAtomic(path, content);
}
