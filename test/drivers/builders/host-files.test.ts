import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { followLog } from '../../../src/drivers/builders/log-follower.ts';
import { oneLine } from '../../../src/drivers/builders/one-line.ts';
import { takeFiles } from '../../../src/drivers/builders/result-files.ts';
import { readTail } from '../../../src/drivers/builders/tail.ts';
import { workDirectory } from './samples.ts';

let top: string;
beforeEach(async () => {
  top = await workDirectory('files');
});
afterEach(async () => {
  await rm(top, { recursive: true, force: true });
});

test('a log is followed while it grows, and no further than its limit', async () => {
  const [source, target] = [join(top, 'source'), join(top, 'target')];
  let reached = 0;
  const follower = followLog(source, target, 10, () => {
    reached += 1;
  });
  await writeFile(source, 'abcde\n');
  await expect.poll(() => readFile(target, 'utf8').catch(() => ''), { timeout: 5000 }).toBe('abcde\n');
  expect(reached).toBe(0);
  await appendFile(source, 'ghijklmnop');
  await follower.stop();
  expect(await readFile(target, 'utf8')).toBe('abcde\nghij');
  expect(reached).toBe(1);
});

test('a full disk is said by the one who stops following', async () => {
  await writeFile(join(top, 'source'), 'text');
  const follower = followLog(join(top, 'source'), '/dev/full', 100, () => undefined);
  await expect(follower.stop()).rejects.toMatchObject({ code: 'no_space' });
});

test('of what a build left only regular files are taken, by name, and nothing is followed', async () => {
  const [from, to] = [join(top, 'from'), join(top, 'to')];
  await mkdir(join(from, 'directory.rpm'), { recursive: true });
  await mkdir(to);
  await writeFile(join(from, 'good.rpm'), 'good');
  await writeFile(join(from, 'notes.txt'), 'no');
  await symlink('/etc/passwd', join(from, 'link.rpm'));
  execFileSync('mkfifo', [join(from, 'fifo.rpm')]);
  expect(await takeFiles(from, to, (name) => name.endsWith('.rpm'))).toEqual([join(to, 'good.rpm')]);
  expect(await readFile(join(to, 'good.rpm'), 'utf8')).toBe('good');
  await symlink(join(from, 'good.rpm'), join(from, 'log'));
  expect(await readTail(join(from, 'log'), 10)).toBe('');
  expect(await readTail(join(from, 'good.rpm'), 2)).toBe('od');
});

test("a tool's words become one line", () => {
  expect(oneLine(' \u001b[31mred\u001b[0m\n\tand\u0000 more ')).toBe('red and more');
  expect(oneLine('x'.repeat(400))).toHaveLength(300);
});
