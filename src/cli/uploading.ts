import { lstat, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ArrivalResource, Client, UploadedResource } from '../api/index.ts';
import { errnoOf, sha256File, TrunklineError } from '../lib/index.ts';
import type { Printer } from './print.ts';

export interface UploadOrder {
  target: string;
  project: string | null;
  reason: string | null;
  /** Absolute paths. */
  files: readonly string[];
}

interface Found {
  name: string;
  path: string;
  size: number;
  sha256: string;
}

/** Sends packages to a server, with what their lists name beside them, and has them published. @throws TrunklineError */
export async function uploadTo(
  client: Client,
  { target, project, reason, files }: UploadOrder,
  { print, signal }: { print: Printer; signal: AbortSignal },
): Promise<UploadedResource> {
  const found = new Map<string, Found>();
  for (const path of files) await add(found, path);
  const said = [...found.values()].map(({ name, size, sha256 }) => ({ name, size, sha256 }));
  const why = { ...(project === null ? {} : { project }), ...(reason === null ? {} : { reason }) };
  let arrival = await client.post('beginUpload', { target }, { files: said, ...why }, signal);
  const of = { target, upload: arrival.id };
  try {
    while (arrival.missing.length > 0) {
      for (const missing of arrival.missing) {
        print.status(`sending ${missing.name}`);
        const { path } = found.get(missing.name) ?? (await addListed(found, missing));
        await client.sendFile({ ...of, missing, path }, signal);
      }
      arrival = await client.get('getUpload', of, signal);
      // A file that was shortened meanwhile would be asked for again and again.
      const stuck = arrival.missing.find(({ come, name }) => come > 0 && found.has(name));
      if (stuck !== undefined) throw changed(found.get(stuck.name)?.path ?? stuck.name);
    }
    print.status('checking and publishing');
    return await client.post('publishUpload', of, {}, signal);
  } catch (error) {
    // It has a place among few.
    await client.post('abandonUpload', of, {}).catch(() => undefined);
    throw error;
  } finally {
    print.status(null);
  }
}

async function add(found: Map<string, Found>, path: string): Promise<Found> {
  const name = basename(path);
  const { size } = await statFile(path);
  const one = { name, path, size, sha256: await sha256File(path) };
  const twin = found.get(name);
  if (twin !== undefined && twin.sha256 !== one.sha256)
    throw new TrunklineError(
      'repository_conflict',
      `${JSON.stringify(twin.path)} and ${JSON.stringify(path)} have one name and different contents`,
      { where: path, hint: 'a version names one file for ever: upload one of the two' },
    );
  found.set(name, twin ?? one);
  return twin ?? one;
}

/** What a list names lies beside it; only the very file it names is sent. */
async function addListed(
  found: Map<string, Found>,
  { name, by, sha256, size }: ArrivalResource['missing'][number],
): Promise<Found> {
  const list = found.get(by ?? '');
  if (list === undefined || basename(name) !== name || name.startsWith('.'))
    throw new Error('the server asks for a file that no list names');
  const path = join(dirname(list.path), name);
  const there = await lstat(path).catch(() => undefined);
  if (!there?.isFile())
    throw new TrunklineError('package_invalid', `${list.name} names ${name}, which is not a file beside it`, {
      where: list.path,
      hint: `put ${name} into ${dirname(list.path)}, or upload the packages themselves`,
    });
  const one = await add(found, path);
  if (one.sha256 === sha256 && one.size === size) return one;
  throw new TrunklineError(
    'package_invalid',
    `${name} is not the one that ${list.name} names: it has ${one.size} bytes and SHA-256 ${one.sha256}, and there are to be ${size} bytes with ${sha256}`,
    { where: path, hint: 'copy both files again from where they were built' },
  );
}

async function statFile(path: string): Promise<{ size: number }> {
  try {
    const found = await stat(path);
    if (found.isFile()) return found;
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) throw error;
    throw new TrunklineError('not_found', `There is no file ${JSON.stringify(path)}`, { where: path });
  }
  throw new TrunklineError('invalid_argument', `${JSON.stringify(path)} is not a file`, { where: path });
}

function changed(path: string): TrunklineError {
  return new TrunklineError('package_invalid', `${JSON.stringify(path)} was changed while it was sent`, {
    where: path,
    hint: 'upload it again when it is whole',
  });
}
