import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readHead } from '../../../../src/drivers/formats/rpm/read-head.ts';
import { run } from '../../../../src/lib/index.ts';

export interface HeaderEntry {
  tag: number;
  type: number;
  count: number;
  data: Buffer;
}

let runs = 0;

/** A copy of the package that the rpmsign of this machine signed, which asks for its signature and is given this one. */
export async function signedByRpmsign(directory: string, path: string, signature: Uint8Array): Promise<string> {
  const base = join(directory, `rpmsign-${String(runs++)}`);
  await copyFile(path, `${base}.rpm`);
  await writeFile(`${base}.sig`, signature);
  await writeFile(`${base}.sh`, `cat >/dev/null\ncp ${base}.sig "$1"\n`);
  if ((await readHead(path)).signed) await run(['rpmsign', '--delsign', `${base}.rpm`]);
  const answer = `/bin/sh sh ${base}.sh %{?__signature_filename}%{!?__signature_filename:%{2}}`;
  const names = ['_gpg_name x', '_openpgp_sign gpg', '_openpgp_sign_id x', `__gpg_sign_cmd() ${answer}`];
  await run(['rpmsign', ...names.flatMap((name) => ['--define', name]), '--resign', `${base}.rpm`]);
  return `${base}.rpm`;
}

/** The package with another signature header. */
export async function withFront(path: string, front: Buffer, to: string): Promise<string> {
  const { front: old } = await readHead(path);
  await writeFile(to, Buffer.concat([front, (await readFile(path)).subarray(old.length)]));
  return to;
}

/** A lead and a signature header of these entries with its region, padded, as docs/manual/format_v4.md has it. */
export function frontOf(lead: Buffer, entries: readonly HeaderEntry[]): Buffer {
  let store = Buffer.alloc(0);
  const words = (...values: number[]) => Buffer.concat(values.map((value) => Buffer.from(hex(value), 'hex')));
  const index: Buffer[] = [];
  for (const { tag, type, count, data } of entries) {
    const size = { 4: 4, 5: 8 }[type] ?? 1;
    store = Buffer.concat([store, Buffer.alloc((size - (store.length % size)) % size)]);
    index.push(words(tag, type, store.length, count));
    store = Buffer.concat([store, data]);
  }
  const bytes = Buffer.concat([
    ...[words(0x8eade801, 0, entries.length + 1, store.length + 16), words(62, 7, store.length, 16), ...index],
    ...[store, words(62, 7, -16 * (entries.length + 1), 16)],
  ]);
  return Buffer.concat([lead, bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);
}

const hex = (value: number) => (value >>> 0).toString(16).padStart(8, '0');

/** What the entries behind the region say, without any check. */
export function looseEntries(front: Buffer): HeaderEntry[] {
  const count = front.readUInt32BE(104);
  const data = front.subarray(112 + 16 * count);
  return Array.from({ length: count - 1 }, (_, n) => {
    const [tag = 0, type = 0, offset = 0, items = 0] = [0, 4, 8, 12].map((at) => front.readUInt32BE(128 + 16 * n + at));
    const end = type === 6 ? data.indexOf(0, offset) + 1 : offset + items * ({ 4: 4, 5: 8 }[type] ?? 1);
    return { tag, type, count: items, data: data.subarray(offset, end) };
  });
}
