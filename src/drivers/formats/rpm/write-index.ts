import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { sha256 } from '../../../lib/index.ts';
import type { IndexEntry, IndexOptions } from '../../../model/index.ts';
import { INDEX_NAMES, LOCATION } from './inspect.ts';

const compress = promisify(gzip);
const XML = '<?xml version="1.0" encoding="UTF-8"?>\n';
const SCHEMAS = 'http://linux.duke.edu/metadata';
const FRAMES = {
  primary: [`<metadata xmlns="${SCHEMAS}/common" xmlns:rpm="${SCHEMAS}/rpm"`, '</metadata>'],
  filelists: [`<filelists xmlns="${SCHEMAS}/filelists"`, '</filelists>'],
  other: [`<otherdata xmlns="${SCHEMAS}/other"`, '</otherdata>'],
} as const;

/**
 * Writes `repodata/`: repomd.xml and the three indices it names. Index files carry their digest in their names (as createrepo_c's do), so that a
 * cache or a client half-way through never mixes two repositories. No SQLite files: no supported client reads them any more.
 */
export async function writeRpmIndex(
  directory: string,
  entries: readonly IndexEntry[],
  options: IndexOptions,
): Promise<void> {
  const repodata = join(directory, 'repodata');
  await mkdir(repodata, { recursive: true });
  const records = await Promise.all(INDEX_NAMES.map((name) => writeOne(repodata, name, entries, options)));
  const repomd =
    `${XML}<repomd xmlns="${SCHEMAS}/repo" xmlns:rpm="${SCHEMAS}/rpm">\n` +
    `  <revision>${options.time}</revision>\n${records.join('')}</repomd>\n`;
  await writeFile(join(repodata, 'repomd.xml'), repomd);
}

async function writeOne(
  repodata: string,
  name: (typeof INDEX_NAMES)[number],
  entries: readonly IndexEntry[],
  options: IndexOptions,
): Promise<string> {
  const [head, tail] = FRAMES[name];
  const packages = entries.map((entry) => {
    const text = entry.fragment[name] ?? '';
    return name === 'primary' ? text.replace(LOCATION, () => `<location href="${escapeXml(entry.href)}"/>`) : text;
  });
  const open = Buffer.from(`${XML}${head} packages="${entries.length}">\n${packages.join('')}${tail}\n`);
  const closed = await compress(open);
  const digest = sha256(closed);
  const file = `${digest}-${name}.xml.gz`;
  await writeFile(join(repodata, file), closed);
  return (
    `  <data type="${name}">\n` +
    `    <checksum type="sha256">${digest}</checksum>\n` +
    `    <open-checksum type="sha256">${sha256(open)}</open-checksum>\n` +
    `    <location href="repodata/${file}"/>\n` +
    `    <timestamp>${options.time}</timestamp>\n` +
    `    <size>${closed.length}</size>\n` +
    `    <open-size>${open.length}</open-size>\n` +
    `  </data>\n`
  );
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
