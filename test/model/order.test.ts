import fc from 'fast-check';
import { expect, test } from 'vitest';
import { orderProjects, transitiveNeeds, type ProjectRelations } from '../../src/model/index.ts';

const project = (name: string, requires: string[], provides = [name]): ProjectRelations => ({
  project: name,
  provides,
  requires,
});

test('what is needed comes first, by any name it provides', () => {
  const order = orderProjects([
    project('app', ['lib-devel', 'gcc']),
    project('lib', ['tool'], ['lib', 'lib-devel']),
    project('tool', []),
    project('alone', []),
  ]);
  expect(order.groups).toEqual([['alone', 'tool'], ['lib'], ['app']]);
  expect(order.cycles).toEqual([]);
});

test('a cycle is named, each of its projects is listed once, and what needs it comes after it', () => {
  const order = orderProjects([
    project('a', ['b']),
    project('b', ['c']),
    project('c', ['a']),
    project('after', ['b']),
    project('before', []),
  ]);
  expect(order.cycles).toEqual([['a', 'b', 'c']]);
  expect(order.groups).toEqual([['a', 'b', 'before', 'c'], ['after']]);
});

test('a project that needs itself is no cycle', () => {
  expect(orderProjects([project('gcc', ['gcc'])])).toEqual({ groups: [['gcc']], cycles: [] });
});

test('needs are followed through', () => {
  const needs = transitiveNeeds([project('app', ['lib']), project('lib', ['base']), project('base', [])]);
  expect([...(needs.get('app') ?? [])].sort()).toEqual(['base', 'lib']);
  expect([...(needs.get('base') ?? [])]).toEqual([]);
});

test('over any graph: every project once, and needs outside a cycle in an earlier group', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  const graph = fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names)), { maxLength: 16 });
  fc.assert(
    fc.property(graph, (edges) => {
      const projects = names.map((name) =>
        project(
          name,
          edges.filter(([from]) => from === name).map(([, to]) => to),
        ),
      );
      const { groups, cycles } = orderProjects(projects);
      expect(groups.flat().sort()).toEqual(names);
      const groupOf = (name: string) => groups.findIndex((group) => group.includes(name));
      for (const [from, to] of edges) {
        if (from === to || cycles.some((cycle) => cycle.includes(from) && cycle.includes(to))) continue;
        expect(groupOf(to)).toBeLessThan(groupOf(from));
      }
    }),
  );
});
