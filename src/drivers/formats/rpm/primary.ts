import { SaxesParser, type SaxesTagPlain } from 'saxes';

/** What is read from one `<package>` element of createrepo_c's primary.xml, unchecked. */
export interface PrimaryEntry {
  name: string;
  arch: string;
  epoch: string;
  version: string;
  release: string;
  checksum: string;
  summary: string;
  sourceRpm: string;
  /** In rpm's own notation, `name >= 1:2-3`; the same requirement for several scriptlets is one. */
  provides: Set<string>;
  requires: Set<string>;
}

const OPERATORS: Readonly<Record<string, string>> = { EQ: '=', LT: '<', LE: '<=', GT: '>', GE: '>=' };
const TEXTS: Readonly<Record<string, 'name' | 'arch' | 'checksum' | 'summary' | 'sourceRpm'>> = {
  'package/name': 'name',
  'package/arch': 'arch',
  'package/checksum': 'checksum',
  'package/summary': 'summary',
  'package/format/rpm:sourcerpm': 'sourceRpm',
};

/** Reads one `<package>…</package>`. @throws Error when it is not well-formed. */
export function parsePrimary(xml: string): PrimaryEntry {
  const entry: PrimaryEntry = {
    ...{ name: '', arch: '', epoch: '0', version: '', release: '', checksum: '', summary: '', sourceRpm: '' },
    ...{ provides: new Set(), requires: new Set() },
  };
  const path: string[] = [];
  const parser = new SaxesParser({ xmlns: false });
  parser.on('opentag', (tag) => {
    path.push(tag.name);
    readAttributes(path.join('/'), tag, entry);
  });
  parser.on('text', (text) => {
    const field = TEXTS[path.join('/')];
    if (field !== undefined) entry[field] += text;
  });
  parser.on('closetag', () => void path.pop());
  parser.write(xml).close();
  return entry;
}

function readAttributes(place: string, tag: SaxesTagPlain, entry: PrimaryEntry): void {
  const { attributes } = tag;
  if (place === 'package/version') {
    entry.epoch = attributes.epoch ?? '0';
    entry.version = attributes.ver ?? '';
    entry.release = attributes.rel ?? '';
  }
  if (place === 'package/format/rpm:provides/rpm:entry') addRelation(entry.provides, attributes);
  if (place === 'package/format/rpm:requires/rpm:entry') addRelation(entry.requires, attributes);
}

function addRelation(relations: Set<string>, attributes: Readonly<Record<string, string>>): void {
  const name = attributes.name ?? '';
  const operator = OPERATORS[attributes.flags ?? ''];
  const epoch = attributes.epoch ?? '0';
  const release = attributes.rel ?? '';
  const version = `${epoch === '0' ? '' : `${epoch}:`}${attributes.ver ?? ''}${release === '' ? '' : `-${release}`}`;
  relations.add(operator === undefined ? name : `${name} ${operator} ${version}`);
}
