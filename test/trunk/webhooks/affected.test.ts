import { expect, it } from 'vitest';
import type { Project } from '../../../src/model/index.ts';
import { affectedProjects } from '../../../src/trunk/index.ts';
import { placeOf } from '../../../src/trunk/webhooks/affected.ts';

const project = (name: string, upstream: string, packaging: string, branch = 'main') =>
  ({
    name,
    upstream: { url: upstream, branch },
    packaging: { rpm: { url: packaging, branch: 'rpm', path: '' } },
  }) as unknown as Project;

it('a repository is the same, whichever way it is reached', () => {
  for (const url of [
    'https://forge.example.org/Team/tool.git',
    'https://ada:secret@forge.example.org/team/tool',
    'ssh://git@forge.example.org:2222/team/tool.git',
    'git@forge.example.org:team/tool.git',
    'git@FORGE.example.org:/team/tool/',
    'git://forge.example.org/team/tool',
  ])
    expect(placeOf(url), url).toBe('forge.example.org/team/tool');
  for (const url of ['', 'https://forge.example.org/', 'https://', 'nonsense', 'x:', 'http://['])
    expect(placeOf(url), url).toBeNull();
  expect(placeOf('file:///srv/git/tool.git')).toBe(placeOf('/srv/git/tool'));
});

it('a push concerns those whose upstream or packaging it is to, on the branch they follow', () => {
  const projects = [
    project('tool', 'https://forge.example.org/team/tool', 'git@packaging.example.org:rpms/tool.git'),
    project('twin', 'git@forge.example.org:team/tool.git', 'https://packaging.example.org/rpms/twin', 'stable/1'),
    project('head', 'https://forge.example.org/team/tool', 'https://packaging.example.org/rpms/head', 'HEAD'),
    project('other', 'https://forge.example.org/team/toolbox', 'https://packaging.example.org/rpms/other'),
  ];
  const hit = (url: string, ref: string | null) =>
    affectedProjects(projects, { kind: 'push', repositories: [url], ref });
  const tool = 'https://forge.example.org/team/tool.git';
  expect(hit(tool, 'refs/heads/main')).toEqual(['tool', 'head']);
  expect(hit(tool, 'refs/heads/stable/1')).toEqual(['twin', 'head']);
  expect(hit(tool, 'refs/heads/topic')).toEqual(['head']);
  expect(hit(tool, 'refs/tags/v1')).toEqual(['tool', 'twin', 'head']);
  expect(hit(tool, null)).toEqual(['tool', 'twin', 'head']);
  expect(hit(tool, 'refs/merge-requests/1/head')).toEqual([]);
  expect(hit('https://packaging.example.org/rpms/tool', 'refs/heads/rpm')).toEqual(['tool']);
  expect(hit('https://evil.example.org/team/tool', 'refs/heads/main')).toEqual([]);
  expect(hit('https://forge.example.org/team', 'refs/heads/main')).toEqual([]);
});
