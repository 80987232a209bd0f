import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished } from 'vitest';
import { deploySamples, only, RPM, type Deployment, type Sample } from './fixture.ts';
import { startMailServer, type MailServer } from './mail-server.ts';
import { sampled } from '../sampled.ts';

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

sampled('maintainers get one mail on the first failure and one on recovery, none per commit', async () => {
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

sampled('with the mail server down a run goes on, and a later one delivers the mail, once', async () => {
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

/** Lets a digest be due. */
function letDigestsBeDue({ dataDir }: Deployment, change = 'due_at = 0, next_try_at = 0'): number {
  const database = new Database(join(dataDir, 'trunkline.sqlite'));
  const { changes } = database.prepare(`UPDATE mails SET ${change}`).run();
  database.close();
  return changes;
}

sampled(
  'who wants a digest gets failure and recovery in one mail, when it is due, once, over a mail server that is away and a crash',
  async () => {
    const { deployment, alpha, server } = await deployWithMail();
    const { cli } = deployment;
    const entry = { ...alpha.entry, maintainers: ['ann@downstream.example', 'bob@downstream.example'] };
    const mail = (maintainers: object) => ({
      mail: { smtp: `smtp://127.0.0.1:${server.port}`, from: 'trunkline@downstream.example', maintainers },
    });
    // Not due before tomorrow, whenever this runs.
    const at = new Date(Date.now() - 120_000).toISOString().slice(11, 16);
    const bob = { 'bob@downstream.example': { digest: 'daily', at } };
    await deployment.configure({ projects: { alpha: entry }, settings: mail(bob) });
    await cli('run');
    await alpha.push('two', 'echo the tower fell; exit 3');
    await cli('run');
    await alpha.push('three');
    await cli('run');
    expect(server.mails.map(({ to }) => to)).toEqual([['ann@downstream.example'], ['ann@downstream.example']]);
    expect(letDigestsBeDue(deployment)).toBe(2);
    await server.close();
    expect((await cli('run')).stderr).toContain('tried again later');
    const successor = await startMailServer(server.port);
    onTestFinished(() => successor.close());
    expect((await cli('run')).code).toBe(0);
    expect(successor.mails, 'not before its pause is over').toEqual([]);
    letDigestsBeDue(deployment);
    await cli('run');
    const digest = only(successor.mails);
    expect(digest.to).toEqual(['bob@downstream.example']);
    expect(digest.headers.get('subject')).toMatch(/^\[trunkline\] 2 news: alpha does not build for /);
    expect(digest.text).toMatch(/ {2}- alpha does not build for .*\n {2}- alpha builds again for /);
    expect(digest.text).toMatch(/^ {2}\| the tower fell$/m);
    letDigestsBeDue(deployment);
    await cli('run');
    expect(successor.mails).toHaveLength(1);
    // As when it was killed after the mail server had taken it: the same mail, by its Message-ID.
    letDigestsBeDue(deployment, 'sent_at = null');
    await cli('run');
    expect(successor.mails).toHaveLength(2);
    expect(successor.mails[1]?.headers.get('message-id')).toBe(digest.headers.get('message-id'));
    expect(successor.mails[1]?.text).toBe(digest.text);
  },
);
