import { stringify } from 'yaml';
import type { Supplied, WholePart } from '../../../../model/index.ts';
import { compsXml } from './comps-xml.ts';
import { parseComps } from './comps.ts';
import { parseModules } from './modules.ts';

const LINES = { lineWidth: 0, aliasDuplicateObjects: false, version: '1.1' } as const;

/** `group` and `modules`, as repomd.xml calls them. */
export const rpmWholeParts: readonly WholePart[] = [
  {
    id: 'group',
    supplement: 'comps',
    text: (supplied) => compsXml(supplied.map(({ text }) => parseComps(text))),
    // A group of many projects is what groups are for.
    owned: () => [],
  },
  {
    id: 'modules',
    supplement: 'modules',
    text: (supplied) => supplied.map(documents).join(''),
    // dnf knows a module by its name alone when it hides packages of streams that are not enabled.
    owned: (text) => [`module ${parseModules(text).stream.name}`],
  },
];

/** A project's module, with all of its packages that are in the repository and nobody else's. */
function documents({ text, packages }: Supplied): string {
  const { stream, defaults } = parseModules(text);
  const artifacts = packages.filter(({ kind }) => kind === 'binary').map(artifact);
  const data = { ...stream, artifacts: { rpms: artifacts.sort() } };
  const all = [
    { document: 'modulemd', version: 2, data },
    ...(defaults === null ? [] : [{ document: 'modulemd-defaults', version: 1, data: defaults }]),
  ];
  return all.map((document) => `---\n${stringify(document, LINES)}...\n`).join('');
}

/** NEVRA with an epoch in any case, as modulemd wants it. */
function artifact({ name, fullName }: Supplied['packages'][number]): string {
  const rest = fullName.slice(name.length + 1);
  return `${name}-${rest.includes(':') ? rest : `0:${rest}`}`;
}
