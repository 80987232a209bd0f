import { existsSync, readdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openInput } from '../../../src/drivers/formats/confined-reading.ts';
import { createReader, MAX_COPIED_BYTES } from '../../../src/drivers/formats/reader.ts';
import { openJail } from '../../../src/lib/jail/index.ts';
import { scratch } from './packages.ts';
import { sampled } from '../../sampled.ts';

let directory: string;
beforeAll(async () => {
  directory = await scratch();
});
afterAll(() => rm(directory, { recursive: true }));

async function inputs(...contents: readonly (string | Buffer)[]) {
  return Promise.all(
    contents.map(async (content, n) => {
      const path = join(directory, `${String(n)}-${String(Math.random())}.bin`);
      await writeFile(path, content);
      return openInput(path);
    }),
  );
}

const texts = (answer: ReadonlyMap<string, Buffer>) =>
  Object.fromEntries([...answer].map(([name, content]) => [name, content.toString()]));

test('each batch is read with nothing of those before: files, processes, places', async () => {
  // Leaves whatever it can behind: files everywhere, a process of a session of its own.
  const script = `
    echo "$2" >out/mode
    arrive
    find in -type f | sort >out/files
    cat in/*/package.bin >out/content
    for d in /tmp /var/tmp /run /dev/shm /var/cache; do echo x >>$d/mark; cat $d/mark; done >out/marks 2>/dev/null
    setsid sleep 1000 &
    ls -d /proc/[0-9]* | wc -l >out/processes
    answer out/*
  `;
  const reader = createReader(openJail, { label: 'test-reader', script, tools: 'sh' });
  const modes: string[] = [];
  for (let n = 0; n < 8; n++) {
    const found = texts(await reader.read(await inputs(`one ${String(n)}\n`, `two ${String(n)}\n`)));
    expect(found).toMatchObject({
      files: 'in/0/package.bin\nin/1/package.bin\n',
      content: `one ${String(n)}\ntwo ${String(n)}\n`,
    });
    expect(found.marks).toMatch(/^(x\n)+$/);
    expect(found.marks?.length).toBeLessThanOrEqual(10);
    expect(Number(found.processes)).toBeLessThan(9);
    modes.push(found.mode?.trim() ?? '');
  }
  expect(modes.slice(0, 2)).toEqual(['now', 'now']);
  expect(modes).toContain('ahead');
});

test('reads many and large files, byte for byte, each at its place', async () => {
  const script = 'arrive; for n in in/*; do cp $n/package.bin out/${n#in/}.copy; done; cd out; answer *';
  const reader = createReader(openJail, { label: 'test-reader', script, tools: 'sh' });
  const large = Buffer.alloc(MAX_COPIED_BYTES + 1, 'large\0\xff', 'latin1');
  const contents = [
    large,
    ...Array.from({ length: 40 }, (_, n) => Buffer.from([n, 0, 0xff, 0x0a, 0x0a])),
    Buffer.alloc(0),
  ];
  const answer = await reader.read(await inputs(...contents));
  contents.forEach((content, n) => {
    expect(answer.get(`${String(n)}.copy`)?.equals(content), String(n)).toBe(true);
  });
});

test('what fails in a run that was started ahead is read again', async () => {
  const script = '[ "$2" = now ] || exit 3; arrive; cat in/0/package.bin >out/content; answer out/content';
  const reader = createReader(openJail, { label: 'test-reader', script, tools: 'sh' });
  for (let n = 0; n < 5; n++) expect(texts(await reader.read(await inputs(String(n))))).toEqual({ content: String(n) });
});

sampled('says which tool is missing, and names the files that a limit ended', async () => {
  const missing = createReader(openJail, { label: 'test-reader', script: 'exit 127', tools: 'frobnicate' });
  await expect(missing.read(await inputs('x'))).rejects.toMatchObject({ code: 'missing_tool' });
  const script = 'arrive; head -c 2G /dev/zero | tail >out/x; answer out/x';
  const greedy = createReader(openJail, { label: 'test-reader', script, tools: 'sh' });
  const [file] = await inputs('x');
  await expect(greedy.read(file === undefined ? [] : [file])).rejects.toMatchObject({
    code: 'package_invalid',
    where: file?.path,
  });
});

test('keeps nothing ready once no files come', async () => {
  const script = 'arrive; : >out/x; answer out/x';
  const reader = createReader(openJail, { label: 'test-idle', script, tools: 'sh' }, { idle: 300 });
  for (let n = 0; n < 4; n++) await reader.read(await inputs('x'));
  const groups = () => {
    const root = ['/sys/fs/cgroup/pids/trunkline', '/sys/fs/cgroup/trunkline'].find((path) => existsSync(path)) ?? '';
    return readdirSync(root).filter((name) => name.startsWith(`test-idle.${String(process.pid)}.`));
  };
  expect(groups().length).toBeGreaterThan(0);
  for (let waited = 0; waited < 100 && groups().length > 0; waited++) await delay(50);
  expect(groups()).toEqual([]);
  expect(texts(await reader.read(await inputs('x')))).toEqual({ x: '' });
});
