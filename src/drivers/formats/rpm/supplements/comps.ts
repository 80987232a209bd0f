import { z } from 'zod';
import { invalidSupplement } from './invalid.ts';
import type { SupplementFile } from './read.ts';
import { flag, head, list, named, only, one, order, word, wrong, wrongPlace } from './comps-elements.ts';
import { parseTree, type Element } from './xml.ts';

const BYTES = 1024 ** 2;

const texts = z.record(z.string(), z.string());
const described = {
  id: z.string(),
  /** By language; '' for the one without. */
  names: texts,
  descriptions: texts,
};
const request = z.strictObject({
  name: z.string(),
  type: z.enum(['mandatory', 'default', 'optional', 'conditional']),
  /** What a conditional one depends on. */
  requires: z.string().nullable(),
});
const flags = { display: z.int().nullable(), groups: z.array(z.string()) };
const compsSchema = z.strictObject({
  groups: z.array(
    z.strictObject({
      ...described,
      isDefault: z.boolean(),
      isVisible: z.boolean(),
      language: z.string().nullable(),
      packages: z.array(request),
    }),
  ),
  categories: z.array(z.strictObject({ ...described, ...flags })),
  environments: z.array(
    z.strictObject({
      ...described,
      ...flags,
      options: z.array(z.strictObject({ id: z.string(), isDefault: z.boolean() })),
    }),
  ),
  langpacks: z.array(z.strictObject({ name: z.string(), install: z.string() })),
});

/** What a comps.xml says. */
export type Comps = z.infer<typeof compsSchema>;

/** Reads a comps.xml as data, never as a document: no DTD is looked at, nothing is expanded. @throws TrunklineError `source_invalid` */
export function readComps({ path, content }: SupplementFile): string {
  if (content.length > BYTES)
    throw invalidSupplement(
      path,
      `It has ${String(content.length)} bytes, more than 1 MiB`,
      'leave out what is not needed',
    );
  const root = parseTree(path, Buffer.from(content).toString('utf8'));
  if (root.name !== 'comps') throw wrong(root, `the document is <${root.name}>, not <comps>`);
  const comps: Comps = { groups: [], categories: [], environments: [], langpacks: [] };
  for (const child of root.children) {
    if (child.name === 'group') comps.groups.push(readGroup(child));
    else if (child.name === 'category') comps.categories.push(readCategory(child));
    else if (child.name === 'environment') comps.environments.push(readEnvironment(child));
    else if (child.name === 'langpacks') comps.langpacks.push(...readLangpacks(child));
    else throw wrongPlace(child, root);
  }
  refuseTwins(path, comps);
  return JSON.stringify(comps);
}

/** What `readComps` wrote. */
export function parseComps(text: string): Comps {
  return compsSchema.parse(JSON.parse(text));
}

function refuseTwins(path: string, { groups, categories, environments }: Comps): void {
  for (const all of [groups, categories, environments]) {
    const seen = new Set<string>();
    for (const { id } of all) {
      if (seen.has(id)) throw invalidSupplement(path, `It has ${id} twice`, 'keep one of them');
      seen.add(id);
    }
  }
}

function readGroup(element: Element): Comps['groups'][number] {
  only(element, ['id', 'name', 'description', 'default', 'uservisible', 'langonly', 'display_order', 'packagelist']);
  const tongue = one(element, 'langonly');
  return {
    ...head(element),
    isDefault: flag(one(element, 'default'), false),
    isVisible: flag(one(element, 'uservisible'), true),
    language: tongue === undefined || tongue.text.trim() === '' ? null : named(tongue),
    packages: list(element, 'packagelist', 'packagereq').map(readRequest),
  };
}

function readRequest(element: Element): Comps['groups'][number]['packages'][number] {
  const type = request.shape.type.safeParse(element.attributes.type ?? 'mandatory');
  if (!type.success) throw wrong(element, 'the type of <packagereq> is none that dnf knows');
  const { requires } = element.attributes;
  return { name: named(element), type: type.data, requires: requires === undefined ? null : word(element, requires) };
}

function readCategory(element: Element): Comps['categories'][number] {
  only(element, ['id', 'name', 'description', 'display_order', 'grouplist']);
  return { ...head(element), display: order(element), groups: list(element, 'grouplist', 'groupid').map(named) };
}

function readEnvironment(element: Element): Comps['environments'][number] {
  only(element, ['id', 'name', 'description', 'display_order', 'grouplist', 'optionlist']);
  const options = list(element, 'optionlist', 'groupid').map((child) => ({
    id: named(child),
    isDefault: child.attributes.default === 'true',
  }));
  const groups = list(element, 'grouplist', 'groupid').map(named);
  return { ...head(element), display: order(element), groups, options };
}

function readLangpacks(element: Element): Comps['langpacks'] {
  only(element, ['match']);
  return element.children.map((child) => ({
    name: word(child, child.attributes.name ?? ''),
    install: word(child, child.attributes.install ?? ''),
  }));
}
