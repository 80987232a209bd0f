import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { sha256 } from '../../src/lib/index.ts';
import { addSample, deploy, deploySamples, only, RPM } from './fixture.ts';
import { standingsOf } from './published.ts';
import { rpmPackaging, upstream } from './samples.ts';
import type { BuildView, PlanView, RunView } from './views.ts';
import { sampled } from '../sampled.ts';

sampled('--head-only builds the newest, records the others as skipped, and a recheck of one builds it', async () => {
  const deployment = await deploySamples(['alpha']);
  const { json, samples } = deployment;
  const alpha = only(samples);
  await json(['run']);
  const commits = [await alpha.push('two'), await alpha.push('three'), await alpha.push('four')];
  const run = await json<RunView>(['run', '--head-only']);
  expect(run.builds).toMatchObject([{ commit: commits[2], result: 'success' }]);
  const builds = await json<BuildView[]>(['builds', '--result', 'skipped']);
  expect(builds).toMatchObject([
    { upstream: { hash: commits[1] }, state: 'finished', reason: 'superseded' },
    { upstream: { hash: commits[0] }, state: 'finished', reason: 'superseded' },
  ]);
  expect((await json<RunView>(['run'])).builds).toEqual([]);
  const id = builds[1]?.id ?? 0;
  expect(await json(['recheck', String(id)])).toMatchObject([{ buildId: id, made: true }]);
  expect((await json<RunView>(['run'])).builds).toMatchObject([{ id, commit: commits[0], result: 'success' }]);
  expect(await standingsOf(deployment, RPM)).toEqual(['alpha@4']);
});

sampled('--since takes a never-built project up at a commit, a tag or a date', async () => {
  const { json, cli, samples } = await deploySamples(['alpha']);
  const alpha = only(samples);
  const times = ['2026-03-01T10:00:00Z', '2026-03-02T10:00:00Z', '2026-03-03T10:00:00Z'];
  const commits: string[] = [];
  for (const time of times) commits.push(await alpha.push(time, undefined, { time: Date.parse(time) / 1000 }));
  await alpha.upstream.git('tag', 'v2.0', commits[1] ?? '');
  const plan = async (since: string) =>
    (await json<PlanView>(['run', '--dry-run', '--since', since])).builds.map(({ commit }) => commit);
  expect(await plan('v2.0')).toEqual(commits.slice(1));
  expect(await plan('2026-03-02')).toEqual(commits.slice(1));
  expect(await plan('2026-03-02 11:00')).toEqual(commits.slice(2));
  expect(await plan('2036-01-01')).toEqual(commits.slice(2));
  const run = await json<RunView>(['run', '--since', commits[0] ?? '']);
  expect(run.builds.map(({ commit }) => commit).sort()).toEqual(commits.toSorted());
  const { code, stderr } = await cli('run', '--since', 'v2.0');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

sampled('--since with what is in no history is refused with its name', async () => {
  const { cli } = await deploySamples(['alpha']);
  for (const since of ['deadbeefdeadbeef', '--upload-pack=touch /tmp/x', '2026-13-45']) {
    const { code, stderr } = await cli('run', `--since=${since}`);
    expect(code).toBe(1);
    expect(stderr).toContain(`There is no commit ${JSON.stringify(since)} in the branch's history`);
  }
});

/** What a deployment keeps, but for the mirrors, which a dry run brings up to date. */
async function contents(dataDir: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of ['repos', 'logs', 'tarballs', 'scratch']) {
    const entries = await readdir(join(dataDir, name), { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name);
      found.push(entry.isFile() ? `${path} ${sha256(await readFile(path))}` : path);
    }
  }
  return found.sort();
}

sampled('--dry-run tells what would be built and why, and changes nothing', async () => {
  const { json, cli, samples, dataDir } = await deploySamples(['alpha', 'beta']);
  const [alpha, beta] = samples;
  const first = await json<PlanView>(['run', '--dry-run']);
  expect(first.builds.map(({ project, why }) => `${project} ${why}`)).toEqual(['alpha first', 'beta first']);
  expect(await json(['builds'])).toEqual([]);
  await json(['run']);
  const before = { files: await contents(dataDir), builds: await json(['builds']), status: await json(['status']) };
  const commit = await alpha?.push('two');
  const latest = await alpha?.push('three');
  await beta?.packaging.commit({ message: 'Describe it', files: rpmPackaging('beta', { more: '# again' }) });
  const plan = await json<PlanView>(['run', '--dry-run', '--head-only']);
  expect(plan.builds).toMatchObject([
    { project: 'alpha', target: RPM, commit, why: 'new_commit', skipped: true },
    { project: 'alpha', target: RPM, commit: latest, why: 'new_commit', skipped: false },
    { project: 'beta', target: RPM, why: 'new_packaging', skipped: false },
  ]);
  const { stdout } = await cli('run', '--dry-run');
  expect(stdout).toMatch(/^beta +sample-12-x86_64 +[0-9a-f]{10} +new packaging commit +Begin beta$/m);
  expect({ files: await contents(dataDir), builds: await json(['builds']), status: await json(['status']) }).toEqual(
    before,
  );
  expect((await json<RunView>(['run'])).builds).toHaveLength(3);
});

sampled('a rewritten branch is built from where it leaves the old one', async () => {
  const { json, samples } = await deploySamples(['alpha']);
  const alpha = only(samples);
  await json(['run']);
  const base = await alpha.upstream.git('rev-parse', 'main');
  await alpha.push('two');
  await json(['run']);
  const rewritten = await alpha.push('two, better', undefined, { parent: base });
  const plan = await json<PlanView>(['run', '--dry-run']);
  expect(plan.builds).toMatchObject([{ commit: rewritten, why: 'history_rewritten' }]);
  expect((await json<RunView>(['run'])).builds).toMatchObject([{ commit: rewritten, result: 'success' }]);
});

sampled('--stop-on-failure begins no further build after a failure; the next run takes up the rest', async () => {
  const { json, samples } = await deploySamples(['alpha']);
  const alpha = only(samples);
  await json(['run']);
  await alpha.push('two', 'exit 1');
  await alpha.push('three');
  const stopped = await json<RunView>(['run', '--stop-on-failure', '--jobs', '1'], 1);
  expect(stopped.builds).toMatchObject([{ id: 2, result: 'failure' }]);
  expect(stopped.queue.ready).toBe(1);
  expect(await json<BuildView[]>(['builds', '--state', 'pending'])).toMatchObject([{ id: 3 }]);
  expect((await json<RunView>(['run'])).builds).toMatchObject([{ id: 3, result: 'success' }]);
});

sampled('--order builds what others need first, and names a cycle instead of giving up', async () => {
  const deployment = await deploy();
  const needs = (name: string, other: string) =>
    rpmPackaging(name, { preamble: `BuildRequires: ${other}`, build: `test -e /usr/share/${other}/content` });
  // The dependent's name and commit come first, so that only its requirement can hold it back.
  const app = await addSample(deployment, 'app', { packaging: needs('app', 'lib') });
  const lib = await addSample(deployment, 'lib');
  const left = await addSample(deployment, 'left', { packaging: needs('left', 'right') });
  const right = await addSample(deployment, 'right', { packaging: needs('right', 'left') });
  await deployment.configure({ projects: { app: app.entry, lib: lib.entry } });
  const plan = await deployment.json<PlanView>(['run', '--order', '--dry-run']);
  expect(plan.builds.map(({ project }) => project)).toEqual(['lib', 'app']);
  const run = await deployment.json<RunView>(['run', '--order']);
  expect(run.builds.map(({ project, result }) => `${project} ${result}`)).toEqual(['lib success', 'app success']);
  await deployment.configure({
    projects: { app: app.entry, left: left.entry, lib: lib.entry, right: right.entry },
  });
  const circle = await deployment.json<PlanView>(['run', '--order', '--dry-run']);
  expect(circle.cycles).toEqual([['left', 'right']]);
  await lib.upstream.commit({ message: 'Say two', files: upstream('two') });
  const told = await deployment.cli('run', '--order');
  expect(told.code).toBe(1);
  expect(told.stderr).toMatch(/^these projects need each other, so no order satisfies all: left, right$/m);
  expect(told.stderr).toMatch(/^FAILED +left .*: deps_unresolvable: .*right/m);
  expect(told.stderr).toMatch(/^ok +lib /m);
});
