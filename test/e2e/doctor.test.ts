import { chmod, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished } from 'vitest';
import { sql } from 'kysely';
import { takeLock } from '../../src/app/lock/index.ts';
import { run } from '../../src/lib/index.ts';
import type { Settings } from '../../src/model/index.ts';
import { checkDataDirectory } from '../../src/app/doctor/machine.ts';
import { checkClock } from '../../src/app/doctor/deployment.ts';
import { makeFirstKey } from '../../src/app/index.ts';
import { openDatabase, sqliteUrl, type Db } from '../../src/db/index.ts';
import { createTestDatabase } from '../databases.ts';
import { buildRpm } from '../drivers/formats/packages.ts';
import { deploy, only, RPM, type Deployment } from './fixture.ts';
import { upload } from './intake.ts';
import { smallDisk } from './disk.ts';
import { startMailServer } from './mail-server.ts';
import { sampled } from '../sampled.ts';

interface DoctorView {
  ok: boolean;
  checks: { check: string; state: string; fact: string | null; ailments: { what: string; remedy: string }[] }[];
}

const ask = ({ json }: Deployment, code: number, ...options: string[]) =>
  json<DoctorView>(['doctor', ...options], code);

/** What a broken deployment is told; every other check has to be well. */
async function illness(deployment: Deployment, check: string): Promise<{ what: string; remedy: string }[]> {
  const { checks, ok } = await ask(deployment, 1);
  expect(ok).toBe(false);
  const others = checks.filter((one) => one.check !== check && one.state !== 'well');
  expect(others).toEqual([]);
  const { ailments, state } = only(checks.filter((one) => one.check === check));
  expect(state).toBe('wrong');
  for (const { remedy } of ailments) expect(remedy.length).toBeGreaterThan(10);
  return [...ailments];
}

/** A deployment with one package published, in which all is well. */
async function healthy(): Promise<Deployment> {
  const deployment = await deploy();
  await upload(deployment, RPM, await buildRpm(deployment.directory, { name: 'lib' }));
  return deployment;
}

async function inDatabase({ dataDir }: Deployment, work: (db: Db) => Promise<unknown>): Promise<void> {
  const db = await openDatabase({ url: sqliteUrl(join(dataDir, 'trunkline.sqlite')), mode: 'write' });
  try {
    await work(db);
  } finally {
    await db.close();
  }
}

describe('trunkline doctor', () => {
  sampled('finds a deployment well, changes nothing in it, and skips what it cannot look at', async () => {
    const deployment = await healthy();
    const before = (await readdir(deployment.dataDir)).sort();
    const { checks } = await ask(deployment, 0);
    expect(checks.map(({ check }) => check)).toEqual([
      ...['configuration', 'data directory', 'database', 'targets', 'keys', 'mail'],
      ...['clock', 'events', 'attempts', 'polling', 'refs', 'store'],
    ]);
    expect(checks.find(({ check }) => check === 'store')?.fact).toBe('2 packages read');
    const shared = (name: string) => !/-(wal|shm)$/.test(name);
    expect((await readdir(deployment.dataDir)).sort().filter(shared)).toEqual(before.filter(shared));
    const { stdout, code } = await deployment.cli('doctor');
    expect(code).toBe(0);
    expect(stdout).toContain('database: all well');

    await writeFile(deployment.config, 'data_dri: /nowhere\n');
    const broken = await ask(deployment, 1);
    expect(broken.checks.map(({ state }) => state)).toEqual(['wrong', ...Array.from({ length: 11 }, () => 'skipped')]);
    expect(broken.checks[0]?.ailments[0]?.what).toContain('trunkline.yaml:1: ');
  });

  sampled('finds what is wrong with the data directory, the store, refs and the database', async () => {
    const deployment = await healthy();
    const { dataDir } = deployment;
    await chmod(dataDir, 0o777);
    expect(await illness(deployment, 'data directory')).toMatchObject([{ remedy: `chmod go-w ${dataDir}` }]);
    await chmod(dataDir, 0o755);

    const top = join(dataDir, 'repos', RPM);
    await rm(join(top, 'consistent'));
    expect((await illness(deployment, 'refs'))[0]?.what).toMatch(
      /consistent leads to nothing, and is to lead to [0-9a-f]/,
    );
    await symlink(`snapshots/${'0'.repeat(64)}`, join(top, 'consistent'));
    expect((await illness(deployment, 'refs'))[0]?.what).toContain('consistent leads to 000000000000');
    // The remedy it names.
    await deployment.json(['run']);
    await ask(deployment, 0);

    const pool = join(top, 'pool');
    const name = only((await readdir(pool, { recursive: true })).filter((path) => path.endsWith('.noarch.rpm')));
    const content = await readFile(join(pool, name));
    await chmod(join(pool, name), 0o644);
    await writeFile(join(pool, name), Buffer.concat([content.subarray(0, -1), Buffer.from('x')]));
    expect((await illness(deployment, 'store'))[0]?.what).toContain('lib-1.0-1.noarch of sample-12-x86_64 is damaged');
    await rm(join(pool, name));
    expect((await illness(deployment, 'store'))[0]?.what).toContain('is missing');
    await writeFile(join(pool, name), content);

    await writeFile(join(dataDir, 'trunkline.sqlite'), 'no database');
    await rm(join(dataDir, 'trunkline.sqlite-wal'), { force: true });
    const { checks } = await ask(deployment, 1);
    const states = new Map(checks.map(({ check, state }) => [check, state]));
    expect([states.get('database'), states.get('refs')]).toEqual(['wrong', 'skipped']);
  });

  sampled(
    'finds attempts without a worker, events that nobody takes, projects that cannot be looked at, a clock set back',
    async () => {
      const deployment = await healthy();
      const now = Date.now();
      await inDatabase(deployment, async (db) => {
        await sql`insert into revisions (id, project, format, upstream_hash, upstream_info, distgit_hash, distgit_info, sequence, created_at)
        values (1, 'lib', 'rpm', ${'a'.repeat(40)}, '{}', ${'b'.repeat(40)}, '{}', 1, ${now})`.execute(db.sql);
        await sql`insert into builds (id, project, target, revision_id, sequence, state, created_at)
        values (1, 'lib', ${RPM}, 1, 1, 'running', ${now})`.execute(db.sql);
        await sql`insert into attempts (id, build_id, number, kind, rebuild, retries, priority, commit_time, state, lease, worker, lease_expires_at, not_before_at, created_at, timings)
        values (1, 1, 1, 'first', 0, 0, 0, 0, 'running', 1, 'far-away', ${now - 600_000}, 0, ${now}, '{}')`.execute(
          db.sql,
        );
      });
      expect((await illness(deployment, 'attempts'))[0]?.what).toContain(
        'Attempt 1 of build 1 has no worker: far-away',
      );
      await inDatabase(deployment, (db) =>
        sql`update attempts set state = 'finished', result = 'failure'`.execute(db.sql),
      );

      await inDatabase(deployment, async (db) => {
        for (const [created, abandoned, error] of [
          [now - 7_200_000, null, null],
          [now - 7_200_000, now - 3_600_000, 'the server is away'],
          [now - 30 * 86_400_000, now - 29 * 86_400_000, 'long ago'],
          [now, null, null],
        ])
          await sql`insert into outbox (kind, topic, payload, created_at, delivered_to, tries, next_try_at, abandoned_at, last_error)
          values ('test', ${String(created)}, '{}', ${created}, '[]', 1, ${created}, ${abandoned}, ${error})`.execute(
            db.sql,
          );
      });
      const events = await illness(deployment, 'events');
      expect(events.map(({ what }) => /was given up: the server is away|is not delivered$/.exec(what)?.[0])).toEqual([
        'is not delivered',
        'was given up: the server is away',
      ]);
      await inDatabase(deployment, (db) => sql`delete from outbox where kind = 'test'`.execute(db.sql));

      await deployment.configure({
        projects: { alpha: { upstream: '/nowhere/a', packaging: { rpm: '/nowhere/b' }, targets: [RPM] } },
      });
      await inDatabase(deployment, (db) =>
        sql`insert into polls (project, due_at, failures, error) values ('alpha', ${now}, 3, 'no such repository')`.execute(
          db.sql,
        ),
      );
      expect((await illness(deployment, 'polling'))[0]?.what).toBe(
        'alpha could not be looked at 3 times: no such repository',
      );
      await inDatabase(deployment, (db) => sql`delete from polls`.execute(db.sql));

      await inDatabase(deployment, (db) => sql`update audit set created_at = ${now + 3_600_000}`.execute(db.sql));
      expect((await illness(deployment, 'clock'))[0]?.what).toContain('a clock was set back');
    },
  );

  sampled(
    'finds a mail server that is away, a key that is missing or expires, a target that is not ready',
    async () => {
      const deployment = await healthy();
      const { dataDir } = deployment;
      const server = await startMailServer();
      const mail = { smtp: `smtp://127.0.0.1:${server.port}`, from: 'trunkline@example.org' };
      await deployment.configure({ settings: { mail } });
      await ask(deployment, 0);
      expect(server.mails).toEqual([]);
      await server.close();
      expect((await illness(deployment, 'mail'))[0]?.what).toContain('ECONNREFUSED');

      await deployment.configure({ settings: { signing: {} } });
      expect((await illness(deployment, 'keys'))[0]?.what).toContain('There is no signing key yet');
      const key = await makeFirstKey(dataDir);
      await ask(deployment, 0);
      const { execFileSync } = await import('node:child_process');
      execFileSync('gpg', ['--homedir', join(dataDir, 'keys'), '--batch', '--quiet', '--quick-set-expire', key, '10d']);
      expect((await illness(deployment, 'keys'))[0]?.what).toContain(`The key ${key} (signs) expires on`);
      await chmod(join(dataDir, 'keys'), 0o755);
      expect((await ask(deployment, 1)).checks[1]?.ailments[0]?.remedy).toContain('chmod go=');

      await deployment.configure({});
      await rm(join(dataDir, 'roots', RPM), { recursive: true });
      const [target] = await illness(deployment, 'targets');
      expect(target?.what).toContain(RPM);
      expect(target?.remedy).toContain('target prepare');
    },
  );

  sampled('finds that space and inodes run short, and who holds the data directory', async () => {
    const dataDir = await smallDisk(64);
    await run(['mount', '-o', 'remount,nr_inodes=60', dataDir]);
    const settings = {
      dataDir,
      localDir: dataDir,
      signing: null,
      database: { kind: 'postgres', url: '' },
    } as unknown as Settings;
    for (let n = 0; n < 58; n += 1) await writeFile(join(dataDir, String(n)), '');
    const found = await checkDataDirectory(settings);
    const { ailments } = 'ailments' in found ? found : { ailments: found };
    expect(ailments.map(({ what }) => /^[\d.]+ GiB are left|^\d+ of 60 inodes are left/.test(what))).toEqual([
      true,
      true,
    ]);

    const deployment = await healthy();
    const held = await takeLock(deployment.dataDir);
    await held.announce('http://127.0.0.1:1', 'tl_of_this_process');
    const { checks } = await ask(deployment, 0);
    await held.release();
    expect(only(checks.filter(({ check }) => check === 'data directory')).fact).toContain(
      `process ${process.pid} on ${hostname()}, at http://127.0.0.1:1`,
    );
  });

  sampled('says when PostgreSQL cannot be reached, and when its clock is not ours', async () => {
    const database = await createTestDatabase('postgres');
    onTestFinished(() => database.remove());
    const deployment = await deploy({ settings: { database: database.url } });
    await ask(deployment, 0);
    const db = await database.open('read');
    const context = { db, now: () => Date.now() - 3_600_000 } as unknown as Parameters<typeof checkClock>[0];
    expect(await checkClock(context)).toMatchObject([{ what: expect.stringContaining('3600 s ahead') as string }]);
    await deployment.configure({ settings: { database: 'postgres://nobody@127.0.0.1:1/none' } });
    const { checks } = await ask(deployment, 1);
    expect(only(checks.filter(({ check }) => check === 'database')).ailments[0]?.what).toContain('Cannot reach');
    expect(only(checks.filter(({ check }) => check === 'store')).state).toBe('skipped');
  });
});
