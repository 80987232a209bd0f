import { mkdir, mkdtemp, readdir, readlink, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { expect, onTestFinished } from 'vitest';
import { run } from '../../src/lib/index.ts';
import { buildDeb, buildRpm, controlOf } from '../drivers/formats/packages.ts';
import { addSample, DEB, deploy, RPM, until, type Deployment, type RunningCommand } from './fixture.ts';
import { findLeftovers, NOTHING } from './host.ts';
import { aptClient, dnfClient } from './install.ts';
import { upload } from './intake.ts';
import { checkRepository } from './integrity.ts';
import { startMailServer, type MailServer } from './mail-server.ts';
import { repositoryOf } from './published.ts';
import { randomNumbers, SEED } from './random.ts';
import { sampled } from '../sampled.ts';

const LONG = process.env.TRUNKLINE_TEST_LONG === '1';
const ROUNDS = Number(process.env.TRUNKLINE_TEST_ROUNDS ?? (LONG ? 40 : 2));
const TARGETS = [RPM, DEB];
const PROJECTS = ['alpha', 'beta'];
const RULE = ['gc', '--older-than', '1s', '--keep-last', '1'];

interface World extends Deployment {
  server: MailServer;
  /** The data directory as it was before anything was killed. */
  saved: string;
}

/** Rows of the database, past the commands. */
function rowsOf<T>({ dataDir }: Pick<Deployment, 'dataDir'>, ...queries: readonly string[]): T[][] {
  const database = new Database(join(dataDir, 'trunkline.sqlite'), { readonly: true });
  try {
    return queries.map((query) => database.prepare(query).all() as T[]);
  } finally {
    database.close();
  }
}

/** Two projects and an upload in both formats, signed, published three times: of the first two it was said that they go, and their time has come. */
async function prepareWorld(): Promise<World> {
  const deployment = await deploy();
  const { directory, dataDir, json } = deployment;
  const server = await startMailServer();
  onTestFinished(() => server.close());
  const samples = [];
  for (const name of PROJECTS) samples.push(await addSample(deployment, name, { formats: 'both' }));
  const [alpha] = samples;
  const entries = samples.map(({ name, entry }) => [name, { ...entry, maintainers: [`${name}@downstream.example`] }]);
  const configure = async (grace: string, settings = {}) => {
    const gc = { grace, keep_last: 1, older_than: '1s' };
    await deployment.configure({
      projects: Object.fromEntries(entries) as Record<string, Record<string, unknown>>,
      settings: { signing: {}, gc, ...settings },
    });
  };
  await configure('1s');
  await json(['key', 'rotate']);
  const publish = async (version: string) => {
    await json(['run']);
    await upload(deployment, RPM, await buildRpm(directory, { name: 'tool', version }));
    const there = await mkdtemp(join(directory, 'deb-'));
    const file = `tool_${version}_all.deb`;
    await upload(deployment, DEB, [await buildDeb(there, controlOf('tool', version), { file, share: 'tool' })]);
  };
  await publish('1');
  await alpha?.push('two');
  await publish('2');
  await pause(1100);
  await json(RULE);
  await alpha?.push('three');
  await publish('3');
  await leaveStrays(deployment);
  // What is announced from now on does not go meanwhile.
  await configure('14d', { mail: { smtp: `smtp://127.0.0.1:${server.port}`, from: 'trunkline@downstream.example' } });
  await pause(1100);
  const saved = join(directory, 'saved');
  await mkdir(saved);
  for (const name of await changing(dataDir)) await run(['cp', '-a', join(dataDir, name), saved]);
  return { ...deployment, server, saved };
}

/** What only a sweep finds: packages of publications that never happened, a tarball of a project that is no more. */
async function leaveStrays({ dataDir }: Deployment): Promise<void> {
  const tarballs = join(dataDir, 'tarballs/ab', 'ab'.repeat(20));
  const strays = TARGETS.map((target) => join(dataDir, 'repos', target, 'pool/ee', 'ee'.repeat(32)));
  for (const directory of [tarballs, ...strays]) await mkdir(directory, { recursive: true });
  const files = [
    join(tarballs, 'gone-0123456789abcdef.tar.gz'),
    ...strays.map((directory) => join(directory, 'stray')),
  ];
  const old = new Date('2026-01-01');
  for (const file of files) await writeFile(file, 'x');
  for (const path of [...files, ...strays]) await utimes(path, old, old);
}

/** What a collection may change: all but the prepared roots. */
async function changing(dataDir: string): Promise<string[]> {
  return (await readdir(dataDir)).filter((name) => name !== 'roots');
}

async function restore({ dataDir, saved, server }: World): Promise<void> {
  for (const name of await changing(dataDir)) await rm(join(dataDir, name), { recursive: true });
  await run(['cp', '-a', '--', `${saved}/.`, dataDir]);
  server.mails.length = 0;
}

/** Everything that a collection decides, but for times: rows of the database, and all that lies in the repositories. */
async function outcomeOf(deployment: Deployment) {
  const rows = rowsOf<Record<string, unknown>>(
    deployment,
    'SELECT target, hash, gone_at IS NULL AS here, announcement_id FROM snapshots ORDER BY 1, 2',
    'SELECT target, full_name, gone_at IS NULL AS here, announcement_id FROM packages ORDER BY 1, 2',
    'SELECT id, snapshot FROM builds ORDER BY 1',
    'SELECT hash FROM tree_nodes ORDER BY 1',
    'SELECT target, told FROM gc_announcements ORDER BY id',
    'SELECT target, kind, name FROM gc_leftovers',
    `SELECT subject, reason FROM audit WHERE action = 'collect' ORDER BY id`,
    'SELECT kind, payload FROM outbox WHERE delivered_at IS NULL',
  );
  const files: string[] = [];
  for (const top of ['repos', 'tarballs', 'git'])
    for (const entry of await readdir(join(deployment.dataDir, top), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      // A mirror's own files are git's business.
      if (!path.includes('.git/')) files.push(entry.isSymbolicLink() ? `${path} -> ${await readlink(path)}` : path);
    }
  return { rows, files: files.sort() };
}

type Outcome = Awaited<ReturnType<typeof outcomeOf>>;

/** Everybody concerned has the mail; one that came twice, as it was killed between sending and noting it, is the same to a reader of mail. */
function checkMails({ server }: World): void {
  const told = Map.groupBy(server.mails, ({ to, headers }) => `${to.join()} ${headers.get('subject') ?? ''}`);
  expect([...told.keys()].map((key) => key.split(' ')[0]).sort()).toEqual(
    TARGETS.map(() => 'alpha@downstream.example'),
  );
  for (const mails of told.values())
    expect(new Set(mails.map(({ headers }) => headers.get('message-id'))).size).toBe(1);
}

let clients = 0;

/** What new machines install from `current`. */
async function checkInstall(deployment: Deployment): Promise<void> {
  const root = join(deployment.directory, 'clients', String((clients += 1)));
  const [rpms, debs] = [repositoryOf(deployment, RPM), repositoryOf(deployment, DEB)];
  const dnf = await dnfClient(join(root, 'dnf'), join(rpms, `trunkline-${RPM}.repo`));
  expect(await dnf.install('tool', ...PROJECTS)).toMatch(/tool\S* +3-1|tool-3-1/);
  const apt = await aptClient(join(root, 'apt'), debs, `trunkline-${DEB}`);
  expect(await apt.install('tool', ...PROJECTS)).toContain('Setting up tool (3)');
  await rm(root, { recursive: true });
}

/** How a collection is ended: some time after it began, or after the first file may go. */
interface Moment {
  after: 'start' | 'commit';
  milliseconds: number;
}

/** Waits until the database says of `some` files, or of none any more, that they have to go; or until the process has ended. */
async function untilLeftovers(deployment: Deployment, running: RunningCommand, some: boolean): Promise<void> {
  const state = { ended: false };
  void running.done.then(() => (state.ended = true));
  const are = () => rowsOf(deployment, 'SELECT 1 FROM gc_leftovers LIMIT 1').flat().length > 0;
  while (!state.ended && are() !== some) await pause(1);
}

/** @returns how many were still to be removed when it was killed; null when it had ended by itself. */
async function killAt(deployment: Deployment, running: RunningCommand, moment: Moment): Promise<number | null> {
  if (moment.after === 'commit') await untilLeftovers(deployment, running, true);
  const ended = await Promise.race([running.done.then(() => true), pause(moment.milliseconds, false)]);
  if (!ended) running.kill('SIGKILL');
  await running.done;
  await until('the end of every process of the killed collection', async () => {
    const { processes } = await findLeftovers([running.pid], deployment.dataDir);
    return processes.length === 0;
  });
  return ended ? null : rowsOf(deployment, 'SELECT * FROM gc_leftovers').flat().length;
}

/** How long an undisturbed collection takes, and how long its first target's files are being removed, in milliseconds. */
async function measure(world: World): Promise<{ whole: number; removal: number }> {
  const started = performance.now();
  const running = world.start(...RULE);
  await untilLeftovers(world, running, true);
  const committed = performance.now();
  await untilLeftovers(world, running, false);
  const removal = performance.now() - committed;
  const { code, stderr } = await running.done;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return { whole: performance.now() - started, removal };
}

/** After a kill: whatever has a name is whole; the next commands finish, and it ends as if nothing had been killed. */
async function checkRound(
  world: World,
  { first, verified, expected }: { first: readonly string[]; verified: readonly string[]; expected: Outcome },
) {
  for (const target of TARGETS) await checkRepository(world, target);
  await checkInstall(world);
  await world.json(first);
  expect(rowsOf(world, 'SELECT * FROM gc_leftovers', 'PRAGMA integrity_check')).toEqual([
    [],
    [{ integrity_check: 'ok' }],
  ]);
  await world.json(RULE);
  for (const target of TARGETS) await checkRepository(world, target);
  for (const target of verified) {
    expect((await world.json<{ findings: unknown[] }>(['repo', 'verify', target])).findings).toEqual([]);
  }
  expect(await outcomeOf(world)).toEqual(expected);
  checkMails(world);
  await checkInstall(world);
}

sampled(
  `kill -9 at ${ROUNDS} random moments of gc (seed ${SEED}): refs install, and the next start-up ends what was begun`,
  async () => {
    const world = await prepareWorld();
    const random = randomNumbers(SEED);
    const { whole, removal } = await measure(world);
    const expected = await outcomeOf(world);
    checkMails(world);
    expect(expected.files.filter((path) => /ee\/e{64}|gone-/.test(path))).toEqual([]);
    const killed: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await restore(world);
      const pids: number[] = [];
      // One in three is followed by another one that is killed.
      do {
        const running = world.start(...RULE);
        pids.push(running.pid);
        const moment: Moment =
          round % 2 === 0
            ? { after: 'commit', milliseconds: random() * removal }
            : { after: 'start', milliseconds: random() * whole };
        const left = await killAt(world, running, moment);
        if (left !== null) killed.push(left);
      } while (random() < 1 / 3);
      const verified = LONG ? TARGETS : TARGETS.filter((_, n) => n === round % 2);
      await checkRound(world, { first: random() < 0.5 ? ['run'] : RULE, verified, expected });
      expect(await findLeftovers(pids, world.dataDir)).toEqual(NOTHING);
    }
    expect(killed.length).toBeGreaterThanOrEqual(ROUNDS / 3);
    // In the midst of removing, too; with few rounds that is chance.
    if (LONG) expect(killed.filter((left) => left > 0).length).toBeGreaterThanOrEqual(ROUNDS / 8);
  },
  LONG ? 3_600_000 : 420_000,
);
