import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { listLogs, openLog, packDirectory, readLogBytes } from '../../../src/builds/logs/index.ts';

async function directory(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'trunkline-logs-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}

/** Text that compresses to some extent. */
const words = (bytes: number) =>
  Buffer.from(
    randomBytes(Math.ceil(bytes / 4))
      .toString('hex')
      .repeat(2)
      .slice(0, bytes),
  );

test.each([0, 1, 1000, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 3_000_000])(
  'a log of %i bytes reads the same when it is compressed, from anywhere, and other programs read it',
  async (size) => {
    const logs = await directory();
    const [path, text] = [join(logs, 'build.log'), words(size)];
    await writeFile(path, text);
    await packDirectory(logs);
    expect(await readdir(logs)).toEqual(['build.log.gz']);
    expect(await listLogs(logs)).toEqual(['build.log']);
    expect((await openLog(path).then((log) => log?.close().then(() => log)))?.size).toBe(size);
    expect((await readLogBytes(path, 0, Infinity))?.equals(text)).toBe(true);
    for (const [from, length] of [
      [0, 10],
      [size >> 1, 300_000],
      [size - 5, 100],
      [size, 10],
      [size + 1000, 10],
    ] as const) {
      const start = Math.max(0, from);
      expect((await readLogBytes(path, start, length))?.equals(text.subarray(start, start + length))).toBe(true);
    }
    expect(gunzipSync(await readFile(`${path}.gz`)).equals(text)).toBe(true);
    expect(execFileSync('gzip', ['-dc', `${path}.gz`], { maxBuffer: 1e7 }).equals(text)).toBe(true);
  },
);

test('a log that was cut off or damaged is said to be, and none that is there is taken for another', async () => {
  const logs = await directory();
  const path = join(logs, 'build.log');
  await writeFile(path, words(600_000));
  await packDirectory(logs);
  const whole = await readFile(`${path}.gz`);
  await truncate(`${path}.gz`, whole.length - 100);
  await expect(readLogBytes(path, 0, 10)).rejects.toMatchObject({ code: 'store_damaged' });
  whole.fill(0x55, 100, 400);
  await writeFile(`${path}.gz`, whole);
  await expect(readLogBytes(path, 0, 10)).rejects.toMatchObject({ code: 'store_damaged' });
  await writeFile(`${path}.gz`, 'nothing of the kind');
  await expect(readLogBytes(path, 0, 10)).rejects.toMatchObject({ code: 'store_damaged' });
  // One that is not compressed has the word, and stays while the other says something else.
  await writeFile(path, 'here');
  await writeFile(`${path}.gz`, await packed(words(600_000)));
  await packDirectory(logs);
  expect((await readLogBytes(path, 0, 10))?.toString()).toBe('here');
  expect(await readLogBytes(join(logs, 'other.log'), 0, 10)).toBeNull();
  await symlink('/etc/passwd', join(logs, 'link.log'));
  await mkdir(join(logs, 'directory.log'));
  await packDirectory(logs);
  for (const name of ['link.log', 'directory.log']) expect(await readLogBytes(join(logs, name), 0, 10)).toBeNull();
});

async function packed(text: Buffer): Promise<Buffer> {
  const logs = await directory();
  await writeFile(join(logs, 'x.log'), text);
  await packDirectory(logs);
  return readFile(join(logs, 'x.log.gz'));
}

test('a log is there, whole, at every moment, also where the one who compresses it is killed', async () => {
  const logs = await directory();
  const texts = new Map(Array.from({ length: 4 }, (_, n) => [`log-${String(n)}.log`, words(2_000_000)]));
  for (const [name, text] of texts) await writeFile(join(logs, name), text);
  const program = `import { packDirectory } from ${JSON.stringify(join(process.cwd(), 'src/builds/logs/index.ts'))};
process.stdout.write('begun'); await packDirectory(${JSON.stringify(logs)}); process.stdout.write('done');`;
  let done = false;
  const kills = process.env.TRUNKLINE_TEST_LONG === '1' ? 100 : 2;
  for (let round = 0; !done; round += 1) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = new Promise((resolve) => child.once('close', resolve));
    while (!said.includes('begun')) await pause(5);
    const end = performance.now() + (round < kills ? 20 + Math.random() * 100 : 60_000);
    while (!said.includes('done') && performance.now() < end)
      for (const [name, text] of texts) {
        const at = Math.trunc(Math.random() * 1_900_000);
        expect((await readLogBytes(join(logs, name), at, 1000))?.equals(text.subarray(at, at + 1000)), name).toBe(true);
      }
    child.kill('SIGKILL');
    await ended;
    done = said.includes('done');
    for (const [name, text] of texts)
      expect((await readLogBytes(join(logs, name), 0, Infinity))?.equals(text)).toBe(true);
  }
  expect((await readdir(logs)).sort()).toEqual([...texts.keys()].map((name) => `${name}.gz`));
}, 120_000);
