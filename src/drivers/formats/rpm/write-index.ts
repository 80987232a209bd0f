import type { AssembledIndex, IndexLayout, IndexOptions, IndexPart } from '../../../model/index.ts';
import { INDEX_NAMES, LOCATION } from './index-names.ts';

const XML = '<?xml version="1.0" encoding="UTF-8"?>\n';
const SCHEMAS = 'http://linux.duke.edu/metadata';
const FRAMES = {
  primary: [`<metadata xmlns="${SCHEMAS}/common" xmlns:rpm="${SCHEMAS}/rpm"`, '</metadata>'],
  filelists: [`<filelists xmlns="${SCHEMAS}/filelists"`, '</filelists>'],
  other: [`<otherdata xmlns="${SCHEMAS}/other"`, '</otherdata>'],
} as const;
/** Files that createrepo_c and modifyrepo_c call otherwise than repomd.xml calls what is in them. */
const FILES: Readonly<Record<string, string>> = { group: 'comps.xml', modules: 'modules.yaml' };
const EXTENSIONS = { gzip: 'gz', zstd: 'zst' } as const;

export const rpmLayout: IndexLayout = {
  directory: 'repodata',
  byHash: null,
  signatures: (path) => [{ path: `${path}.asc`, form: 'armored' }],
  keyPath: 'repodata/repomd.xml.key',
};

/** primary, filelists and other. No SQLite files: no supported client reads them any more. */
export function rpmIndexParts(): IndexPart[] {
  return INDEX_NAMES.map((name) => {
    const [head, tail] = FRAMES[name];
    return {
      id: name,
      head: (packages) => `${XML}${head} packages="${packages}">\n`,
      entry: (entry) => {
        const text = entry.fragment[name] ?? '';
        return name === 'primary' ? text.replace(LOCATION, () => `<location href="${escapeXml(entry.href)}"/>`) : text;
      },
      tail: `${tail}\n`,
    };
  });
}

/** Index files carry their digest in their names (as createrepo_c's do), so that a cache or a client half-way through never mixes two repositories. */
export function rpmIndexPath(index: AssembledIndex): string {
  const name = FILES[index.id] ?? `${index.id}.xml`;
  return `repodata/${index.closed.sha256}-${name}.${EXTENSIONS[index.compression]}`;
}

export function repomd(indices: readonly AssembledIndex[], options: IndexOptions): { path: string; content: string } {
  const records = indices.map(
    (index) =>
      `  <data type="${index.id}">\n` +
      `    <checksum type="sha256">${index.closed.sha256}</checksum>\n` +
      `    <open-checksum type="sha256">${index.open.sha256}</open-checksum>\n` +
      `    <location href="${rpmIndexPath(index)}"/>\n` +
      `    <timestamp>${options.time}</timestamp>\n` +
      `    <size>${index.closed.size}</size>\n` +
      `    <open-size>${index.open.size}</open-size>\n` +
      `  </data>\n`,
  );
  const content =
    `${XML}<repomd xmlns="${SCHEMAS}/repo" xmlns:rpm="${SCHEMAS}/rpm">\n` +
    `  <revision>${options.time}</revision>\n${records.join('')}</repomd>\n`;
  return { path: 'repodata/repomd.xml', content };
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
