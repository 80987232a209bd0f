import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockHolder, serverId, takeDeployment, takeLock } from '../../../src/app/lock/index.ts';

const holderScript = fileURLToPath(new URL('holder.ts', import.meta.url));

let top: string;
let dataDir: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), 'trunkline-lock-'));
  await chmod(top, 0o755);
  dataDir = join(top, 'data');
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  await rm(top, { recursive: true, force: true });
});

/** A process that takes the lock and keeps it, or says why not. */
async function hold(): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, [holderScript, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, said: said.toString() };
}

test('a second process is told who holds the data directory, and kill -9 of the first lets it in at once', async () => {
  const { child, said } = await hold();
  expect(said).toBe('locked\n');
  await expect(takeLock(dataDir)).rejects.toMatchObject({
    code: 'data_dir_locked',
    message: expect.stringMatching(
      new RegExp(
        `^The data directory is in use by "trunkline .*${dataDir}" \\(process ${String(child.pid)} on ${hostname()}, since \\d{4}-.* UTC\\)$`,
      ),
    ) as string,
    where: dataDir,
    hint: `wait until it is done, or end it: kill ${String(child.pid)}`,
  });
  expect(await lockHolder(dataDir)).toMatchObject({ pid: child.pid });
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(existsSync(join(dataDir, 'lock.json'))).toBe(true);
  expect(await lockHolder(dataDir)).toBeNull();
  const lock = await takeLock(dataDir);
  expect(await lockHolder(dataDir)).toMatchObject({ pid: process.pid });
  await lock.release();
  expect(await lockHolder(dataDir)).toBeNull();
});

test('one process cannot take it twice, and can again after letting it go', async () => {
  const lock = await takeLock(dataDir);
  await expect(takeLock(dataDir)).rejects.toMatchObject({ code: 'data_dir_locked' });
  await lock.release();
  await lock.release();
  const again = await takeLock(dataDir);
  await again.release();
});

test('of many that start at once exactly one gets it', async () => {
  const answers = await Promise.all(Array.from({ length: 6 }, hold));
  expect(answers.map(({ said }) => said).sort()).toEqual([
    ...Array.from({ length: 5 }, () => 'data_dir_locked\n'),
    'locked\n',
  ]);
});

test('what is written of a former holder is not believed when its number went to another process', async () => {
  await mkdir(dataDir);
  const { child } = await hold();
  const path = join(dataDir, 'lock.json');
  const holder = JSON.parse(await readFile(path, 'utf8')) as object;
  await writeFile(path, JSON.stringify({ ...holder, pid: process.pid, command: 'an innocent' }));
  const error = (await takeLock(dataDir).catch((caught: unknown) => caught)) as { code: string; message: string };
  expect(error.code).toBe('data_dir_locked');
  expect(error.message).not.toContain('an innocent');
  await writeFile(path, 'half a fi');
  await expect(takeLock(dataDir)).rejects.toMatchObject({ code: 'data_dir_locked' });
  child.kill('SIGKILL');
  await once(child, 'exit');
  await (await takeLock(dataDir)).release();
});

test('a lock file of something else is left alone', async () => {
  await mkdir(dataDir);
  await writeFile(join(dataDir, 'lock'), 'somebody wrote this\n');
  await expect(takeLock(dataDir)).rejects.toMatchObject({
    code: 'data_dir_unwritable',
    hint: expect.stringContaining('remove that file') as string,
  });
  expect(await readFile(join(dataDir, 'lock'), 'utf8')).toBe('somebody wrote this\n');
});

test('a data directory that is a file says so', async () => {
  await writeFile(dataDir, '');
  await expect(takeLock(dataDir)).rejects.toMatchObject({ code: 'data_dir_unwritable' });
  await expect(takeLock(join(dataDir, 'below'))).rejects.toMatchObject({ code: 'data_dir_unwritable' });
});

// In a mount namespace of its own: the mount goes with the process.
const readOnly = (directory: string) =>
  spawnSync(
    'unshare',
    [
      '--mount',
      'sh',
      '-c',
      'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && exec "$2" "$3" "$4"',
      'sh',
      top,
      process.execPath,
      holderScript,
      directory,
    ],
    { encoding: 'utf8' },
  );

test('a read-only data directory is refused, with a lock file in it and without', async () => {
  expect(readOnly(dataDir).stdout).toBe('data_dir_unwritable\n');
  await mkdir(dataDir);
  expect(readOnly(dataDir).stdout).toBe('data_dir_unwritable\n');
  await (await takeLock(dataDir)).release();
  expect(readOnly(dataDir).stdout).toBe('data_dir_unwritable\n');
});

const asNobody = (...command: string[]) =>
  spawnSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', ...command], { encoding: 'utf8' });
// A clone below /root is one that nobody else may enter.
const nobodyMayEnter = asNobody('test', '-r', holderScript).status === 0;

test.skipIf(!nobodyMayEnter)('a user who may not write the lock file does not get the lock', async () => {
  await (await takeLock(dataDir)).release();
  await chmod(dataDir, 0o777);
  expect(asNobody(process.execPath, holderScript, dataDir).stdout).toBe('data_dir_unwritable\n');
});

test('a server’s token is there for the owner of the directory as long as the lock is, and no longer', async () => {
  await mkdir(dataDir);
  const token = join(dataDir, 'server-token');
  await writeFile(token, 'of a server that was killed');
  const lock = await takeLock(dataDir);
  expect(existsSync(token)).toBe(false);
  await lock.announce('http://127.0.0.1:1', 'tl_secret');
  expect([await readFile(token, 'utf8'), (await stat(token)).mode & 0o777]).toEqual(['tl_secret\n', 0o600]);
  expect(await lockHolder(dataDir, { here: true })).toMatchObject({ url: 'http://127.0.0.1:1' });
  expect(await readFile(join(dataDir, 'lock.json'), 'utf8')).not.toContain('tl_secret');
  await lock.release();
  expect(existsSync(token)).toBe(false);
  // Where a server of another machine is reached, a stranger may answer on this one.
  const elsewhere = {
    pid: 1,
    startTicks: '1',
    bootId: 'x',
    host: 'elsewhere',
    command: 'x',
    since: 'x',
    url: 'http://127.0.0.1:1',
  };
  await writeFile(join(dataDir, 'lock.json'), JSON.stringify(elsewhere));
  expect(await lockHolder(dataDir)).toMatchObject({ host: 'elsewhere' });
  expect(await lockHolder(dataDir, { here: true })).toBeNull();
});

test('servers share a data directory, each with a local one of its own; who needs all of it is refused, and refuses them', async () => {
  const [one, two] = [
    { dataDir, localDir: join(top, 'one') },
    { dataDir, localDir: join(top, 'two') },
  ];
  const [first, second] = [await takeDeployment(one), await takeDeployment(two)];
  await expect(takeDeployment(one)).rejects.toMatchObject({ code: 'data_dir_locked', where: one.localDir });
  await expect(takeLock(dataDir)).rejects.toMatchObject({ code: 'data_dir_locked' });
  const third = { dataDir, localDir: join(top, 'three') };
  await expect(takeDeployment(third, { alone: true })).rejects.toMatchObject({
    code: 'data_dir_locked',
    where: dataDir,
    hint: expect.stringContaining('stop the servers') as string,
  });
  await first.release();
  await second.release();
  const alone = await takeDeployment(third, { alone: true });
  await expect(takeDeployment(one)).rejects.toMatchObject({ code: 'data_dir_locked', where: dataDir });
  await alone.release();
  // With SQLite the two are one.
  const whole = await takeDeployment({ dataDir, localDir: dataDir });
  await expect(takeDeployment(one)).rejects.toMatchObject({ code: 'data_dir_locked', where: dataDir });
  await whole.release();
});

test('a local directory has a name of its own that stays; a damaged one is made anew', async () => {
  const [one, two] = [join(top, 'one'), join(top, 'two')];
  const name = await serverId(one);
  expect(name).toMatch(new RegExp(`^${hostname()}-[0-9a-f]{16}$`));
  expect(await serverId(one)).toBe(name);
  expect(await serverId(two)).not.toBe(name);
  await writeFile(join(one, 'server-id'), '../x\n');
  expect(await serverId(one)).toMatch(/-[0-9a-f]{16}$/);
});
