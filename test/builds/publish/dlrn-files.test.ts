import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { commitYaml, versionsCsv } from '../../../src/builds/publish/dlrn-files.ts';

test('versions.csv has DLRN’s columns, and hostile values stay in their field', () => {
  const text = versionsCsv([
    {
      project: 'greeter',
      sourceRepository: 'https://up.example/a,b"c\nd',
      sourceHash: 'a'.repeat(40),
      distRepository: 'https://dist.example/greeter',
      distHash: 'b'.repeat(40),
      status: 'FAILED',
      lastSuccess: 1793606400.7,
      component: null,
      sourcePackage: 'greeter-1.0-1',
    },
  ]);
  expect(text).toBe(
    'Project,Source Repo,Source Sha,Dist Repo,Dist Sha,Status,Last Success Timestamp,Component,Extended Sha,Pkg NVR\n' +
      `greeter,"https://up.example/a,b""c d",${'a'.repeat(40)},https://dist.example/greeter,${'b'.repeat(40)},FAILED,1793606400,None,None,greeter-1.0-1\n`,
  );
});

test('commit.yaml reads back as strings only, whatever the notes say', () => {
  const text = commitYaml({
    id: 7,
    type: 'rpm',
    project: 'greeter',
    commitHash: '1'.repeat(40),
    commitBranch: 'main',
    commitTime: 1,
    distroHash: '2'.repeat(40),
    distroTime: 2,
    buildTime: 3,
    status: 'SUCCESS',
    component: 'core',
    artifacts: ['repos/t/pool/aa/bb/x.rpm', 'repos/t/pool/aa/cc/y.rpm'],
    notes: 'no: yes\n- %(id) "x"',
    repositoryDirectory: 'git/x',
    distgitDirectory: 'git/y',
  });
  const read = parse(text) as { commits: Record<string, unknown>[] };
  expect(read.commits).toHaveLength(1);
  const commit = read.commits[0] ?? {};
  expect(Object.values(commit).every((value) => typeof value === 'string')).toBe(true);
  expect(commit).toMatchObject({
    id: '7',
    commit_hash: '1'.repeat(40),
    notes: 'no: yes\n- %(id) "x"',
    component: 'core',
  });
  expect(Object.keys(commit)).toEqual(Object.keys(commit).toSorted());
});
