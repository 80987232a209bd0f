import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { errnoOf, writeAtomic } from '../lib/index.ts';

/** A file of many entries: of fifty thousand packages, one file each would take longer to make than everything else. */
export interface FragmentPacks {
  /** An entry's text, or undefined where no pack has it whole. */
  read(digest: string): string | undefined;
  /** Writes entries (digest and text) into packs. What a power cut leaves of one is not read. */
  write(entries: readonly (readonly [digest: string, text: string])[]): Promise<void>;
  /** Packs in which no package is among `known` and which nobody wrote for `age` milliseconds before `now`, as paths. */
  unused(known: ReadonlySet<string>, now: number, age: number): string[];
}

/** Entries in a pack at most, and their bytes but for one larger entry. */
const MOST = { entries: 1000, bytes: 16e6 };
/** A pack is a length in so many bytes (big endian), as much JSON that says the digest and bytes of each entry, and the entries. */
const LENGTH = 4;
/** The JSON of `MOST.entries` is a tenth of that. */
const MAX_HEAD = 1e6;

const headSchema = z.array(z.tuple([z.string().regex(/^[0-9a-f]{64}$/), z.int().nonnegative()]));

interface Place {
  path: string;
  offset: number;
  size: number;
}

/** Packs in `directory`, which need not be there, of entries of one `version`. */
export function openFragmentPacks(directory: string, version: number): FragmentPacks {
  const places = new Map<string, Place>();
  const seen = new Set<string>();
  const suffix = `.${String(version)}.pack`;
  let looked = -1;
  const look = () => {
    const changed = statSync(directory, { throwIfNoEntry: false })?.mtimeMs;
    if (changed === undefined || changed === looked) return;
    for (const name of readdirSync(directory)) {
      if (!name.endsWith(suffix) || name.startsWith('.') || seen.has(name)) continue;
      seen.add(name);
      for (const [digest, place] of placesIn(join(directory, name))) places.set(digest, place);
    }
    looked = changed;
  };
  return {
    read: (digest) => {
      if (!places.has(digest)) look();
      const place = places.get(digest);
      const text = place === undefined ? undefined : textAt(place);
      if (text === undefined) places.delete(digest);
      return text;
    },
    write: async (entries) => {
      for (const some of grouped(entries)) {
        const texts = some.map(([digest, text]) => [digest, Buffer.from(text)] as const);
        const head = Buffer.from(JSON.stringify(texts.map(([digest, text]) => [digest, text.length])));
        const length = Buffer.alloc(LENGTH);
        length.writeUInt32BE(head.length);
        const content = Buffer.concat([length, head, ...texts.map(([, text]) => text)]);
        await writeAtomic(join(directory, `${randomBytes(8).toString('hex')}${suffix}`), content, { durable: false });
      }
    },
    unused: (known, now, age) => {
      look();
      const used = new Set([...places].filter(([digest]) => known.has(digest)).map(([, { path }]) => path));
      return [...seen]
        .map((name) => join(directory, name))
        .filter((path) => !used.has(path) && isOlder(path, now - age));
    },
  };
}

function* grouped<Entry extends readonly [string, string]>(entries: readonly Entry[]): Generator<Entry[]> {
  let group: Entry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    if (group.length > 0 && (group.length === MOST.entries || bytes + entry[1].length > MOST.bytes)) {
      yield group;
      [group, bytes] = [[], 0];
    }
    group.push(entry);
    bytes += entry[1].length;
  }
  if (group.length > 0) yield group;
}

/** Where the entries of a pack are, as far as it goes. */
function placesIn(path: string): Map<string, Place> {
  const found = new Map<string, Place>();
  const length = bytesAt(path, 0, LENGTH)?.readUInt32BE() ?? 0;
  const head = length > MAX_HEAD ? undefined : bytesAt(path, LENGTH, length);
  const entries = headSchema.safeParse(parsed(head?.toString() ?? ''));
  const end = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  let offset = LENGTH + length;
  for (const [digest, size] of entries.data ?? []) {
    if (offset + size > end) break;
    found.set(digest, { path, offset, size });
    offset += size;
  }
  return found;
}

function textAt({ path, offset, size }: Place): string | undefined {
  return bytesAt(path, offset, size)?.toString();
}

/** So many bytes of a file, or undefined where it has fewer or is gone. */
function bytesAt(path: string, offset: number, size: number): Buffer | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const bytes = Buffer.alloc(size);
    return readSync(file, bytes, 0, size, offset) === size ? bytes : undefined;
  } finally {
    closeSync(file);
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function isOlder(path: string, than: number): boolean {
  const status = statSync(path, { throwIfNoEntry: false });
  return status !== undefined && status.mtimeMs <= than;
}
