import { SaxesParser } from 'saxes';
import { invalidSupplement } from './invalid.ts';

export interface Element {
  name: string;
  attributes: Readonly<Record<string, string>>;
  /** Its own text, that of its children apart. */
  text: string;
  children: Element[];
  /** The file and its line. */
  where: string;
}

const DEPTH = 8;

/**
 * An XML document as a tree. Entities but the five of XML are refused, and so is a document type that declares anything: nothing can be expanded.
 * @throws TrunklineError `source_invalid` with file and line
 */
export function parseTree(path: string, text: string): Element {
  const parser = new SaxesParser({ xmlns: false, position: true });
  const place = () => `${path}:${String(parser.line)}`;
  const fail = (what: string) =>
    invalidSupplement(place(), `It is no XML that can be taken: ${what}`, 'correct the file');
  const top: Element = { name: '', attributes: {}, text: '', children: [], where: path };
  const open: Element[] = [top];
  parser.on('error', ({ message }) => {
    throw fail(message.replace(/^[^:]*:\d+:\d+: /, ''));
  });
  parser.on('doctype', (doctype) => {
    if (doctype.includes('[')) throw fail('its document type declares something of its own');
  });
  parser.on('opentag', (tag) => {
    if (open.length > DEPTH) throw fail('its elements are nested too deep');
    const element = { name: tag.name, attributes: tag.attributes, text: '', children: [], where: place() };
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  const add = (more: string) => {
    const last = open.at(-1);
    if (last !== undefined) last.text += more;
  };
  parser.on('text', add);
  parser.on('cdata', add);
  parser.on('closetag', () => void open.pop());
  parser.write(text).close();
  const [root] = top.children;
  if (root === undefined) throw fail('it has no element');
  return root;
}
