import { readPackaging } from '../builds/source/index.ts';
import type { TrunkContext } from '../builds/index.ts';
import { describeError } from '../lib/index.ts';
import { orderProjects, transitiveNeeds, type Project, type ProjectRelations } from '../model/index.ts';

export interface Order {
  /** Claim order by project: 0 first. */
  priorities: ReadonlyMap<string, number>;
  /** For each project, all projects it needs, directly or not. */
  needs: ReadonlyMap<string, ReadonlySet<string>>;
  cycles: readonly (readonly string[])[];
}

export const NO_ORDER: Order = { priorities: new Map(), needs: new Map(), cycles: [] };

/** The order of projects by what their packaging, as it now stands, provides and needs. One that cannot be read comes without needs. */
export async function findOrder(context: TrunkContext, projects: readonly Project[]): Promise<Order> {
  const relations: ProjectRelations[] = [];
  for (const project of projects) relations.push(await relationsOf(context, project));
  const { groups, cycles } = orderProjects(relations);
  const priorities = groups.flatMap((group, priority) => group.map((project) => [project, priority] as const));
  // In a cycle everything waits for everything; its projects are built as they come, each after what is needed from outside.
  const needs = transitiveNeeds(relations);
  const broken = [...needs].map(([project, all]) => {
    const circle = cycles.find((one) => one.includes(project)) ?? [];
    return [project, all.difference(new Set(circle))] as const;
  });
  return { priorities: new Map(priorities), needs: new Map(broken), cycles };
}

async function relationsOf(context: TrunkContext, project: Project): Promise<ProjectRelations> {
  const all: ProjectRelations = { project: project.name, provides: [], requires: [] };
  const provides: string[] = [];
  const requires: string[] = [];
  for (const [name, packaging] of Object.entries(project.packaging)) {
    const format = name === 'rpm' ? context.formats.rpm : context.formats.deb;
    try {
      const mirror = await context.mirrors.of(packaging);
      const files = await readPackaging(mirror, await mirror.resolveBranch(packaging.branch), packaging.path);
      const relations = await format.readRelations(files);
      provides.push(...relations.provides);
      requires.push(...relations.requires);
    } catch (error) {
      context.log.warn({ project: project.name, format: name }, `left out of the order: ${describeError(error)}`);
    }
  }
  return { ...all, provides, requires };
}
