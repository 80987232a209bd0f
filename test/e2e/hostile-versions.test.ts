import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { run } from '../../src/lib/index.ts';
import { serve } from '../repos/web.ts';
import { deploySamples, only, RPM } from './fixture.ts';
import { setTraps } from './host.ts';
import { contentsOf, repositoryOf } from './published.ts';
import type { RunView } from './views.ts';
import { sampled } from '../sampled.ts';

const VERSIONS = (trap: string) => [
  `1.0; touch ${trap}`,
  `$(touch ${trap})`,
  `1.0$(touch ${trap})`,
  `%(touch ${trap})`,
  `1.0%(touch ${trap})`,
  `%{lua:os.execute("touch ${trap}")}`,
  '../../x',
  '1.0/../../../x',
  '-rf',
];

sampled(
  'a tag that is a program or a path is no version: it is passed over, or named where a rule asks for it',
  async () => {
    const { json, samples, configure } = await deploySamples(['alpha']);
    const alpha = only(samples);
    const traps = await setTraps();
    const [trap = ''] = traps.paths;
    const tags = [
      `1.1;touch\${IFS}${trap}`,
      `1.2$(touch\${IFS}${trap})`,
      `1.3%(touch\${IFS}${trap})`,
      '%(id)',
      '-rf',
      '1.4/x',
    ];
    const head = await alpha.upstream.git('rev-parse', 'main');
    for (const tag of tags) await alpha.upstream.git('update-ref', `refs/tags/${tag}`, head);
    const { builds } = await json<RunView>(['run']);
    expect(builds).toMatchObject([{ result: 'success' }]);
    await traps.expectUnsprung();
    await configure({ projects: { alpha: { ...alpha.entry, version: { tag_pattern: '^(.+)$' } } } });
    await alpha.push('two');
    const asked = await json<RunView>(['run'], 1);
    expect(asked.builds).toMatchObject([{ result: 'failure', reason: 'source_error' }]);
    expect(tags.some((tag) => asked.builds[0]?.detail?.includes(tag))).toBe(true);
    await traps.expectUnsprung();
  },
);

sampled('a server that names refs as git itself never would is taken at what can be a ref', async () => {
  const { json, samples, configure, directory } = await deploySamples(['alpha']);
  const alpha = only(samples);
  const traps = await setTraps();
  const web = await serve(join(directory, 'git'));
  onTestFinished(() => web.close());
  await alpha.upstream.git('gc', '-q');
  await alpha.upstream.git('update-server-info');
  const head = await alpha.upstream.git('rev-parse', 'main');
  const names = [`1.5; touch ${traps.paths[0] ?? ''}`, '../../x', '../../../config', '1.6\u0001', '-v1.7'];
  await appendFile(
    join(alpha.upstream.path, 'info/refs'),
    names.map((name) => `${head}\trefs/tags/${name}\n`).join(''),
  );
  await configure({ projects: { alpha: { ...alpha.entry, upstream: `${web.url}/alpha-upstream` } } });
  const { builds } = await json<RunView>(['run']);
  expect(web.requests.some((path) => path.startsWith('/alpha-upstream/info/refs'))).toBe(true);
  expect(builds).toMatchObject([{ result: 'success' }]);
  await traps.expectUnsprung();
});

sampled('a version that the project’s own script prints is checked before anything uses it', async () => {
  const { json, samples, configure } = await deploySamples(['alpha']);
  const alpha = only(samples);
  const traps = await setTraps();
  const versions = VERSIONS(traps.paths[0] ?? '');
  const version = { from: 'script', script: ['cat', 'content'] };
  await configure({ projects: { alpha: { ...alpha.entry, version } } });
  for (const text of versions) await alpha.push(text);
  const since = await alpha.upstream.git('rev-list', '--max-parents=0', 'main');
  const { builds } = await json<RunView>(['run', '--since', since], 1);
  expect(builds).toHaveLength(versions.length + 1);
  for (const { result, reason, detail } of builds)
    expect({ result, reason, detail }).toMatchObject({ reason: 'source_error' });
  for (const text of versions) expect(builds.some(({ detail }) => detail?.includes(JSON.stringify(text)))).toBe(true);
  await traps.expectUnsprung();
});

sampled('what authors and subjects say is text in the changelog, and never runs', async () => {
  const deployment = await deploySamples(['alpha'], { formats: 'both' });
  const alpha = only(deployment.samples);
  const traps = await setTraps();
  const [trap = ''] = traps.paths;
  const message = `Say %(touch ${trap}) %{lua:os.execute("touch ${trap}")} $(touch ${trap}) \`touch ${trap}\` %define x\n\n* Mon Jan 01 2001`;
  await alpha.push('two', undefined, { message, author: `%(touch ${trap}) $(id) <a;touch ${trap}@example.org>` });
  const { builds } = await deployment.json<RunView>(['run']);
  expect(builds.map(({ result }) => result)).toEqual(['success', 'success']);
  await traps.expectUnsprung();
  const rpm = (await contentsOf(deployment, RPM)).find(({ kind }) => kind === 'binary');
  const path = join(
    repositoryOf(deployment, RPM),
    'pool',
    (rpm?.sha256 ?? '').slice(0, 2),
    rpm?.sha256 ?? '',
    rpm?.fileName ?? '',
  );
  const { stdout } = await run(['rpm', '-qp', '--changelog', path]);
  expect(stdout).toContain(`Say %(touch ${trap}) %{lua:os.execute("touch ${trap}")} $(touch ${trap})`);
  const told = await deployment.cli('builds');
  expect(told.stdout).toContain('Say %(touch');
});
