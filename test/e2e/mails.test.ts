import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { deploySamples, only, RPM, type Deployment, type Sample } from './fixture.ts';
import { startMailServer, type MailServer } from './mail-server.ts';

async function deployWithMail(): Promise<{ deployment: Deployment; alpha: Sample; server: MailServer }> {
  const server = await startMailServer();
  onTestFinished(() => server.close());
  const deployment = await deploySamples(['alpha']);
  const alpha = only(deployment.samples);
  const mail = { smtp: `smtp://127.0.0.1:${server.port}`, from: 'trunkline@downstream.example' };
  const entry = { ...alpha.entry, maintainers: ['ann@downstream.example', 'bob@downstream.example'] };
  await deployment.configure({ projects: { alpha: entry }, settings: { mail } });
  return { deployment, alpha, server };
}

test('maintainers get one mail on the first failure and one on recovery, none per commit', async () => {
  const { deployment, alpha, server } = await deployWithMail();
  const { cli } = deployment;
  expect((await cli('run')).code).toBe(0);
  expect(server.mails).toEqual([]);
  const broken = await alpha.push('two', 'echo the tower fell; exit 3', { author: 'Grace <grace@upstream.example>' });
  await alpha.push('three', 'exit 4');
  expect((await cli('run', '--jobs', '1')).code).toBe(1);
  const failure = only(server.mails);
  expect(failure.from).toBe('trunkline@downstream.example');
  expect(failure.to).toEqual(['ann@downstream.example', 'bob@downstream.example']);
  expect(failure.headers.get('subject')).toBe(
    `[trunkline] alpha does not build for ${RPM} since ${broken.slice(0, 7)}: build_failed`,
  );
  expect(failure.text).toContain(`Commit:    ${broken}`);
  expect(failure.text).toContain('by Grace <grace@upstream.example>');
  expect(failure.text).toMatch(/the package’s own build failed\s\(build_failed\)/);
  expect(failure.text).toMatch(/^ {2}\| the tower fell$/m);
  expect(failure.text).toContain(`${deployment.dataDir}/repos/${RPM}/${broken.slice(0, 2)}/`);
  expect(failure.text).toContain('trunkline log 2');
  await alpha.push('four', 'exit 5');
  expect((await cli('run')).code).toBe(1);
  expect(server.mails).toHaveLength(1);
  const mended = await alpha.push('five');
  await alpha.push('six');
  expect((await cli('run', '--jobs', '1')).code).toBe(0);
  await alpha.push('seven');
  expect((await cli('run')).code).toBe(0);
  const [, recovery] = server.mails;
  expect(server.mails).toHaveLength(2);
  expect(recovery?.headers.get('subject')).toBe(
    `[trunkline] alpha builds again for ${RPM} since ${mended.slice(0, 7)}`,
  );
  expect(recovery?.text).toContain(`It had been broken since ${broken.slice(0, 7)} "Say two" (build 2).`);
  expect(recovery?.headers.get('message-id')).not.toBe(failure.headers.get('message-id'));
});

/** Lets the pause before an event is tried again be over: it is a minute the first time. */
function letTimePass({ dataDir }: Deployment): void {
  const database = new Database(join(dataDir, 'trunkline.sqlite'));
  database.prepare('UPDATE outbox SET next_try_at = 0 WHERE delivered_at IS NULL').run();
  database.close();
}

test('with the mail server down a run goes on, and a later one delivers the mail, once', async () => {
  const { deployment, alpha, server } = await deployWithMail();
  const { cli } = deployment;
  await cli('run');
  await server.close();
  await alpha.push('two', 'exit 3');
  const run = await cli('run');
  expect(run.code).toBe(1);
  expect(run.stdout).toBe('0 succeeded, 1 failed\n');
  expect(run.stderr).toContain('1 messages could not be delivered; they are kept and tried again');
  await alpha.push('three', 'exit 3');
  expect((await cli('run')).stdout).toBe('0 succeeded, 1 failed\n');
  const successor = await startMailServer(server.port);
  onTestFinished(() => successor.close());
  letTimePass(deployment);
  expect(await cli('run')).toMatchObject({ code: 0, stdout: 'Nothing new.\n' });
  expect(only(successor.mails).headers.get('subject')).toContain('alpha does not build');
  letTimePass(deployment);
  await cli('run');
  expect(successor.mails).toHaveLength(1);
});
