/** What a project's packaging says it gives and needs, as bare capability names without versions. */
export interface ProjectRelations {
  project: string;
  provides: readonly string[];
  requires: readonly string[];
}

export interface BuildOrder {
  /** Groups to build one after the other; those in one group do not need each other, but for cycles. */
  groups: readonly (readonly string[])[];
  /** Projects that need each other in a circle, each circle in alphabetical order. They share a group. */
  cycles: readonly (readonly string[])[];
}

/**
 * The order in which projects can be built so that what a project needs is there before it.
 * A circle cannot be ordered: its projects are put into one group and named. A project is listed once (DLRN lists those of a cycle twice).
 */
export function orderProjects(projects: readonly ProjectRelations[]): BuildOrder {
  const needs = dependencies(projects);
  const components = stronglyConnected([...needs.keys()].sort(), needs);
  const componentOf = new Map<string, number>();
  components.forEach((members, index) => {
    for (const member of members) componentOf.set(member, index);
  });
  const depth = components.map(() => 0);
  // Components come out with what they need first, so one pass is enough.
  components.forEach((members, index) => {
    for (const member of members)
      for (const need of needs.get(member) ?? []) {
        const other = componentOf.get(need);
        if (other !== undefined && other !== index) depth[index] = Math.max(depth[index] ?? 0, (depth[other] ?? 0) + 1);
      }
  });
  const groups: string[][] = [];
  components.forEach((members, index) => {
    (groups[depth[index] ?? 0] ??= []).push(...members);
  });
  return {
    groups: groups.map((group) => group.sort()),
    cycles: components.filter((members) => members.length > 1).map((members) => members.sort()),
  };
}

/** For each project, all projects it needs, directly or not. */
export function transitiveNeeds(projects: readonly ProjectRelations[]): Map<string, ReadonlySet<string>> {
  const direct = dependencies(projects);
  return new Map(
    [...direct.keys()].map((project) => {
      const seen = new Set<string>();
      const open = [...(direct.get(project) ?? [])];
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        if (seen.has(next) || next === project) continue;
        seen.add(next);
        open.push(...(direct.get(next) ?? []));
      }
      return [project, seen] as const;
    }),
  );
}

function dependencies(projects: readonly ProjectRelations[]): Map<string, Set<string>> {
  const providers = new Map<string, Set<string>>();
  for (const { project, provides } of projects)
    for (const name of provides) providers.set(name, (providers.get(name) ?? new Set()).add(project));
  return new Map(
    projects.map(({ project, requires }) => {
      const needed = new Set(requires.flatMap((name) => [...(providers.get(name) ?? [])]));
      needed.delete(project);
      return [project, needed] as const;
    }),
  );
}

/** Tarjan's algorithm, without recursion; components come out with what they need before them. */
function stronglyConnected(nodes: readonly string[], edges: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const onStack = new Set<string>();
  const stack: string[] = [];
  const components: string[][] = [];
  const enter = (node: string) => {
    index.set(node, index.size);
    low.set(node, index.size - 1);
    stack.push(node);
    onStack.add(node);
    return { node, next: [...(edges.get(node) ?? [])].sort() };
  };
  const lower = (node: string, value: number) => {
    low.set(node, Math.min(low.get(node) ?? value, value));
  };
  for (const root of nodes) {
    if (index.has(root)) continue;
    const work = [enter(root)];
    for (let frame = work.at(-1); frame !== undefined; frame = work.at(-1)) {
      const child = frame.next.shift();
      if (child !== undefined) {
        if (!index.has(child)) work.push(enter(child));
        else if (onStack.has(child)) lower(frame.node, index.get(child) ?? 0);
        continue;
      }
      work.pop();
      const parent = work.at(-1);
      if (parent !== undefined) lower(parent.node, low.get(frame.node) ?? 0);
      if (low.get(frame.node) !== index.get(frame.node)) continue;
      const members: string[] = [];
      for (let member = stack.pop(); member !== undefined; member = stack.pop()) {
        onStack.delete(member);
        members.push(member);
        if (member === frame.node) break;
      }
      components.push(members);
    }
  }
  return components;
}
