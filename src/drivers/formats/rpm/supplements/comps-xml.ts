import type { Comps } from './comps.ts';

const HEAD =
  '<?xml version="1.0" encoding="UTF-8"?>\n' +
  '<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">\n';

type Described = Pick<Comps['groups'][number], 'id' | 'names' | 'descriptions'>;

/** One comps.xml of several: what has one id is one group, with the packages of all; of what cannot be joined the first one's word counts. */
export function compsXml(all: readonly Comps[]): string {
  const groups = joined(all.flatMap((one) => one.groups)).map(([first, ...others]) => ({
    ...first,
    packages: distinct([first, ...others].flatMap(({ packages }) => packages)),
  }));
  const categories = joined(all.flatMap((one) => one.categories)).map(withGroups);
  const environments = joined(all.flatMap((one) => one.environments)).map((same) => ({
    ...withGroups(same),
    options: distinct(same.flatMap(({ options }) => options)),
  }));
  const langpacks = distinct(all.flatMap((one) => one.langpacks));
  const body = [
    ...groups.map(groupXml),
    ...environments.map((one) => listXml('environment', one, element('optionlist', one.options.map(optionXml)))),
    ...categories.map((one) => listXml('category', one, '')),
    langpacks.length === 0
      ? ''
      : element(
          'langpacks',
          langpacks.map((one) => `<match${attributes(one)}/>`),
        ),
  ];
  return `${HEAD}<comps>\n${body.join('')}</comps>\n`;
}

/** Those of one id together, in the order in which the first of each came. */
function joined<T extends { id: string }>(list: readonly T[]): [T, ...T[]][] {
  const byId = new Map<string, [T, ...T[]]>();
  for (const one of list) {
    const same = byId.get(one.id);
    if (same === undefined) byId.set(one.id, [one]);
    else same.push(one);
  }
  return [...byId.values()];
}

function withGroups<T extends { groups: string[] }>([first, ...others]: readonly [T, ...T[]]): T {
  return { ...first, groups: [...new Set([first, ...others].flatMap(({ groups }) => groups))] };
}

function distinct<T extends object>(list: readonly T[]): T[] {
  return [...new Map(list.map((one) => [JSON.stringify(one), one])).values()];
}

function groupXml({ packages, language, ...group }: Comps['groups'][number]): string {
  return element('group', [
    ...describedXml(group),
    `<default>${String(group.isDefault)}</default>`,
    `<uservisible>${String(group.isVisible)}</uservisible>`,
    ...(language === null ? [] : [`<langonly>${escape(language)}</langonly>`]),
    element(
      'packagelist',
      packages.map(({ name, type, requires }) => {
        const given = attributes({ type, ...(requires === null ? {} : { requires }) });
        return `<packagereq${given}>${escape(name)}</packagereq>`;
      }),
    ),
  ]);
}

function listXml(name: string, { display, groups, ...one }: Comps['categories'][number], more: string): string {
  return element(name, [
    ...describedXml(one),
    ...(display === null ? [] : [`<display_order>${String(display)}</display_order>`]),
    element(
      'grouplist',
      groups.map((id) => `<groupid>${escape(id)}</groupid>`),
    ),
    ...(more === '' ? [] : [more]),
  ]);
}

function optionXml({ id, isDefault }: { id: string; isDefault: boolean }): string {
  return `<groupid${attributes(isDefault ? { default: 'true' } : {})}>${escape(id)}</groupid>`;
}

function describedXml({ id, names, descriptions }: Described): string[] {
  const each = (name: string, texts: Readonly<Record<string, string>>) =>
    Object.entries(texts).map(
      ([language, text]) =>
        `<${name}${attributes(language === '' ? {} : { 'xml:lang': language })}>${escape(text)}</${name}>`,
    );
  return [`<id>${escape(id)}</id>`, ...each('name', names), ...each('description', descriptions)];
}

function element(name: string, children: readonly string[]): string {
  return `<${name}>\n${children.map((child) => (child.endsWith('\n') ? child : `${child}\n`)).join('')}</${name}>\n`;
}

function attributes(given: Readonly<Record<string, string>>): string {
  return Object.entries(given)
    .map(([name, value]) => ` ${name}="${escape(value)}"`)
    .join('');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
