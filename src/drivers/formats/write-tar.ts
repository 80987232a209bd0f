import { TrunklineError } from '../../lib/index.ts';
import type { RegularFile } from './packaging-tree.ts';

const BLOCK = 512;
/** The largest time eleven octal digits can say, seconds since the epoch. */
const LAST_TIME = 0o77777777777;

/**
 * A tar archive (POSIX ustar, with pax headers for long names) of regular files and the directories they are in, the same for the same
 * arguments: sorted, owned by root, one time, modes 0644 and 0755.
 */
export function writeTar(files: readonly RegularFile[], time: number): Buffer {
  const sorted = [...files].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  const done = new Set<string>();
  const parts = sorted.flatMap(({ path, content, executable }) => {
    const directories = parentsOf(path).filter((parent) => !done.has(parent));
    for (const directory of directories) done.add(directory);
    return [
      ...directories.flatMap((directory) => entry(`${directory}/`, '5', 0o755, Buffer.alloc(0), time)),
      ...entry(path, '0', executable ? 0o755 : 0o644, content, time),
    ];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

function parentsOf(path: string): string[] {
  const names = path.split('/').slice(0, -1);
  return names.map((_, index) => names.slice(0, index + 1).join('/'));
}

function entry(path: string, type: '0' | '5', mode: number, content: Uint8Array, time: number): Uint8Array[] {
  const split = splitName(path);
  const body = [
    header(split ?? { prefix: '', name: 'long-name' }, type, mode, content.length, time),
    ...padded(content),
  ];
  if (split !== undefined) return body;
  const record = paxRecord('path', path);
  return [header({ prefix: '', name: 'pax-header' }, 'x', 0o644, record.length, time), ...padded(record), ...body];
}

/** ustar's 155 and 100 bytes for a path, divided at a slash; undefined where it does not fit. */
function splitName(path: string): { prefix: string; name: string } | undefined {
  if (Buffer.byteLength(path) <= 100) return { prefix: '', name: path };
  for (const { index } of path.matchAll(/\//g)) {
    const [prefix, name] = [path.slice(0, index), path.slice(index + 1)];
    if (name !== '' && Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100) return { prefix, name };
  }
  return undefined;
}

/** `LENGTH key=value\n`, where the length counts its own digits too. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  length = rest + String(length).length;
  return Buffer.from(`${String(length)} ${key}=${value}\n`);
}

function header(
  { prefix, name }: { prefix: string; name: string },
  type: '0' | '5' | 'x',
  mode: number,
  size: number,
  time: number,
): Buffer {
  if (size > 0o77777777777) throw new TrunklineError('source_invalid', `${name} is larger than 8 GiB`);
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');
  block.write(name, 0);
  block.write(octal(mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(Math.min(Math.max(time, 0), LAST_TIME), 11), 136);
  block.write(' '.repeat(8), 148);
  block.write(type, 156);
  block.write('ustar\0' + '00', 257, 'latin1');
  block.write('root', 265);
  block.write('root', 297);
  block.write(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148, 'latin1');
  return block;
}

function padded(content: Uint8Array): Uint8Array[] {
  const over = content.length % BLOCK;
  return over === 0 ? [content] : [content, Buffer.alloc(BLOCK - over)];
}
