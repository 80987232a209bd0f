import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { buildRpm } from '../drivers/formats/packages.ts';
import { deploySamples, only, RPM, type Deployment, type Sample } from './fixture.ts';
import { upload } from './intake.ts';
import { startMailServer, type Mail, type MailServer } from './mail-server.ts';
import { contentsOf } from './published.ts';
import { sampled } from '../sampled.ts';

interface GcView {
  targets: {
    target: string;
    removed: { packages: string[] };
    announced: { snapshots: string[]; packages: string[]; goesAt: string; told: string[] };
    waiting: string[];
  }[];
}

const ANN = 'ann@downstream.example';
const BOB = 'bob@downstream.example';
const CAT = 'cat@downstream.example';

interface World extends Deployment {
  server: MailServer;
  alpha: Sample;
  /** Full names of alpha's packages that are in `current` no more. */
  old: string[];
  gc: (...options: string[]) => Promise<GcView['targets'][number]>;
}

/**
 * alpha, of ann and bob, and beta, of ann alone, are published; then alpha anew, and an upload that is nobody's. With `digest` alpha is cat's too, who wants
 * a mail a day.
 */
async function deployWithOld({ digest = false, grace = '14d' } = {}): Promise<World> {
  const server = await startMailServer();
  onTestFinished(() => server.close());
  const deployment = await deploySamples(['alpha', 'beta']);
  const [alpha, beta] = deployment.samples;
  if (alpha === undefined || beta === undefined) throw new Error('no samples');
  await deployment.configure({
    projects: {
      alpha: { ...alpha.entry, maintainers: [ANN, BOB, ...(digest ? [CAT] : [])] },
      beta: { ...beta.entry, maintainers: [ANN] },
    },
    settings: {
      mail: {
        ...{ smtp: `smtp://127.0.0.1:${server.port}`, from: 'trunkline@downstream.example' },
        maintainers: { [CAT]: { digest: 'daily', at: '08:00' } },
      },
      gc: { grace, older_than: '1s', keep_last: 1 },
    },
  });
  const { json, directory } = deployment;
  await json(['run']);
  const old = (await contentsOf(deployment, RPM)).filter(({ project }) => project === 'alpha');
  for (const version of ['1', '2']) await upload(deployment, RPM, await buildRpm(directory, { name: 'tool', version }));
  await alpha.push('two');
  await json(['run']);
  await pause(1100);
  const gc: World['gc'] = async (...options) => only((await json<GcView>(['gc', RPM, ...options])).targets);
  return { ...deployment, server, alpha, gc, old: old.map(({ fullName }) => fullName).sort() };
}

/** The packages that a mail lists. */
const listed = ({ text }: Mail) => [...text.matchAll(/^ {2}(\S+)$/gm)].map(([, name = '']) => name).sort();

/** Has it be later for what the database keeps until it is due. */
function due(dataDir: string, table: 'outbox' | 'mails'): void {
  const database = new Database(join(dataDir, 'trunkline.sqlite'));
  if (table === 'outbox') database.prepare('UPDATE outbox SET next_try_at = 0 WHERE delivered_at IS NULL').run();
  else database.prepare('UPDATE mails SET due_at = 0, next_try_at = 0 WHERE sent_at IS NULL').run();
  database.close();
}

sampled('each maintainer gets one mail about what goes, from a real server, and nobody a second one', async () => {
  const { server, gc, old, dataDir } = await deployWithOld({ digest: true });
  const { announced } = await gc();
  expect(announced.told).toEqual([ANN, BOB, CAT]);
  // Who wants one mail a day gets it then.
  expect(announced.packages).toEqual(expect.arrayContaining([...old, 'tool-1-1.noarch', 'tool-1-1.src']));
  expect(server.mails.map(({ to }) => to)).toEqual([[ANN], [BOB]]);
  const day = announced.goesAt.slice(0, 10);
  for (const mail of server.mails) {
    expect(mail.from).toBe('trunkline@downstream.example');
    expect(mail.headers.get('subject')).toBe(
      `[trunkline] 2 old packages of alpha for ${RPM} will be removed on ${day}`,
    );
    expect(mail.headers.get('auto-submitted')).toBe('auto-generated');
    // Only what is theirs: nobody maintains the upload.
    expect(listed(mail)).toEqual(old);
    expect(mail.text).toContain('To keep one:       trunkline why-kept PACKAGE\n');
    for (const line of mail.text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(78);
  }
  expect(new Set(server.mails.map(({ headers }) => headers.get('message-id'))).size).toBe(2);
  // Announced is announced: not said again, and not removed before the day, however hurried.
  const hurried = await gc('--now');
  expect(hurried.removed.packages).toEqual([]);
  expect(hurried.waiting).toEqual(expect.arrayContaining(announced.snapshots));
  expect(server.mails).toHaveLength(2);
  due(dataDir, 'mails');
  await gc();
  const [, , later] = server.mails;
  if (later === undefined) throw new Error('the daily mail did not come');
  expect([later.to, listed(later)]).toEqual([[CAT], old]);
});

sampled('who wants a mail a day hears at once of what is gone by then', async () => {
  const { server, gc } = await deployWithOld({ digest: true, grace: '1s' });
  await gc();
  expect(server.mails.map(({ to }) => to)).toEqual([[ANN], [BOB], [CAT]]);
});

sampled(
  'with the mail server down the collection is done, and a later command delivers what is still true',
  async () => {
    const world = await deployWithOld();
    const { server, gc, cli, json, old, alpha, dataDir } = world;
    await server.close();
    const { announced } = await gc();
    expect(announced.told).toEqual([ANN, BOB]);
    // Kept meanwhile, as the mail would have said: there is nothing of it left to write about.
    const said = await cli('why-kept', old[0] ?? '');
    const order = /^ +trunkline (hold add \S+ --reason) … keeps it$/m.exec(said.stdout)?.[1]?.split(' ') ?? [];
    expect(order.slice(0, 2), said.stdout).toEqual(['hold', 'add']);
    await json([...order, 'shipped']);
    await gc();
    await alpha.push('three');
    await json(['run']);
    await pause(1100);
    const later = await gc();
    expect(later.announced.packages.length).toBeGreaterThan(0);
    const successor = await startMailServer(server.port);
    onTestFinished(() => successor.close());
    due(dataDir, 'outbox');
    expect((await cli('gc', RPM)).code).toBe(0);
    expect(successor.mails.map(({ to }) => to)).toEqual([[ANN], [BOB]]);
    for (const mail of successor.mails) expect(listed(mail).filter((name) => old.includes(name))).toEqual([]);
  },
);
