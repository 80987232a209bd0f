import { createReadStream, createWriteStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { TrunklineError } from '../../lib/index.ts';

const BLOCK = 512;
const WINDOW = 256 * 1024;

/** What a tar file holds, as far as joining needs it. */
export interface TarSummary {
  /** Byte at which the last entry ends and the end-of-archive blocks begin. */
  end: number;
  /** Names of the directories, with a slash at their end; each byte of a name is a character. */
  directories: ReadonlySet<string>;
}

/** Reads the headers of a tar file written by git-archive: ustar with pax headers (POSIX.1-2001 pax, "pax Interchange Format"). */
export async function readTar(path: string): Promise<TarSummary> {
  await using handle = await open(path, 'r');
  const blocks = windowed(handle);
  const directories = new Set<string>();
  let [at, extended] = [0, new Map<string, string>()];
  for (;;) {
    const header = await blocks(at, BLOCK);
    if (header.length < BLOCK || header.startsWith('\0')) return { end: at, directories };
    const type = header.charAt(156);
    const stated = type === 'x' || type === 'g' ? undefined : extended.get('size');
    const size = stated === undefined ? parseInt(header.slice(124, 136), 8) : Number(stated);
    if (!Number.isSafeInteger(size) || size < 0)
      throw new TrunklineError('source_invalid', `The archive has a damaged header at byte ${at}`, { where: path });
    if (type === 'x') extended = paxRecords(await blocks(at + BLOCK, size));
    else {
      if (type === '5') directories.add(extended.get('path') ?? ustarName(header));
      if (type !== 'g') extended = new Map();
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
}

/** Reads `[at, at + length)` as latin1, through one buffer that moves along. */
function windowed(handle: FileHandle): (at: number, length: number) => Promise<string> {
  const buffer = Buffer.alloc(WINDOW);
  let [start, filled] = [0, 0];
  return async (at, length) => {
    if (length > WINDOW) return (await handle.read(Buffer.alloc(length), 0, length, at)).buffer.toString('latin1');
    if (at < start || at + length > start + filled) {
      start = at;
      filled = (await handle.read(buffer, 0, WINDOW, at)).bytesRead;
    }
    return buffer.toString('latin1', at - start, Math.min(at - start + length, filled));
  };
}

function ustarName(header: string): string {
  const field = (from: number, length: number) => header.slice(from, from + length).replace(/\0.*$/s, '');
  const prefix = field(345, 155);
  return prefix === '' ? field(0, 100) : `${prefix}/${field(0, 100)}`;
}

function paxRecords(text: string): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < text.length;) {
    const length = parseInt(text.slice(at, at + 20), 10);
    if (!(length > 0)) break;
    const record = text.slice(text.indexOf(' ', at) + 1, at + length - 1);
    records.set(record.slice(0, record.indexOf('=')), record.slice(record.indexOf('=') + 1));
    at += length;
  }
  return records;
}

/** Appends the entries of `path` to the tar file `target`, whose own end at byte `end`, and ends it anew. Answers where they end now. */
export async function appendTar(target: string, end: number, path: string): Promise<number> {
  const added = await readTar(path);
  if (added.end > 0)
    await pipeline(
      createReadStream(path, { end: added.end - 1 }),
      createWriteStream(target, { flags: 'r+', start: end }),
    );
  await using handle = await open(target, 'r+');
  const total = end + added.end;
  await handle.truncate(total);
  await handle.write(Buffer.alloc(2 * BLOCK), 0, 2 * BLOCK, total);
  return total;
}
