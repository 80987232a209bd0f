import { invalidSupplement } from './invalid.ts';
import type { Element } from './xml.ts';

/** A refusal of an element of a comps.xml. */
export function wrong({ where }: Element, what: string) {
  const hint = 'write it as comps.dtd of fedora-comps says: group, category, environment and langpacks';
  return invalidSupplement(where, `It cannot be taken as groups of packages: ${what}`, hint);
}

export function wrongPlace(child: Element, parent: Element) {
  return wrong(child, `<${child.name}> has no meaning in <${parent.name}>`);
}

/** Refuses children of other names. */
export function only(element: Element, names: readonly string[]): void {
  const other = element.children.find(({ name }) => !names.includes(name));
  if (other !== undefined) throw wrongPlace(other, element);
}

/** The child of a name, of which there may be one. */
export function one(element: Element, name: string): Element | undefined {
  const [first, second] = element.children.filter((child) => child.name === name);
  if (second !== undefined) throw wrong(second, `<${element.name}> has two of <${name}>`);
  return first;
}

/** A name of a package or a group. */
export function word(element: Element, text: string): string {
  if (/^[^\s<>&"'/\\]{1,200}$/u.test(text)) return text;
  throw wrong(element, `${JSON.stringify(text.slice(0, 80))} is no name`);
}

/** The name that an element's text is. */
export function named(element: Element): string {
  return word(element, element.text.trim());
}

export function flag(element: Element | undefined, otherwise: boolean): boolean {
  const text = element?.text.trim().toLowerCase() ?? '';
  if (element === undefined || text === '') return otherwise;
  if (['true', 'false'].includes(text)) return text === 'true';
  throw wrong(element, `<${element.name}> is neither true nor false`);
}

/** The children of a list, which are all of one name. */
export function list(element: Element, name: string, child: string): readonly Element[] {
  const found = one(element, name);
  if (found !== undefined) only(found, [child]);
  return found?.children ?? [];
}

/** What groups, categories and environments begin with; texts by language, '' for the one without. */
export function head(element: Element) {
  const id = one(element, 'id');
  if (id === undefined) throw wrong(element, `<${element.name}> has no <id>`);
  return { id: named(id), names: translated(element, 'name'), descriptions: translated(element, 'description') };
}

function translated(element: Element, name: string): Record<string, string> {
  const texts = element.children.filter((child) => child.name === name);
  return Object.fromEntries(texts.map((child) => [language(child), child.text.trim()]));
}

function language(element: Element): string {
  const code = element.attributes['xml:lang'] ?? '';
  if (/^[A-Za-z0-9_.@-]{0,40}$/.test(code)) return code;
  throw wrong(element, 'xml:lang is no language');
}

/** `<display_order>`, or null. */
export function order(element: Element): number | null {
  const found = one(element, 'display_order');
  if (found === undefined) return null;
  if (!/^\s*\d{1,6}\s*$/.test(found.text)) throw wrong(found, '<display_order> is no number');
  return Number(found.text);
}
