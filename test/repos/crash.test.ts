import { spawn } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDiskStore } from '../../src/drivers/stores/disk/index.ts';
import { sha256File } from '../../src/lib/index.ts';
import { openDatabase, readNodes, sqliteUrl } from '../../src/db/index.ts';
import { openRepository } from '../../src/repos/index.ts';
import { buildRpm, rpm, scratch } from '../drivers/formats/packages.ts';

let directory: string;
let packages: string;
const rounds = process.env.TRUNKLINE_TEST_LONG === undefined ? 8 : 100;

beforeAll(async () => {
  directory = await scratch();
  const built = await Promise.all(
    ['1', '2'].map((version) => buildRpm(directory, { name: 'p', version }).then((paths) => rpm.identify(paths))),
  );
  packages = join(directory, 'packages.json');
  await writeFile(packages, JSON.stringify(built));
});

afterAll(() => rm(directory, { recursive: true }));

test('kill -9 at any moment of publishing leaves nothing half visible, and the next run goes on', async () => {
  const top = join(directory, 'repository');
  for (let round = 0; round < rounds; round += 1) {
    await publishAndKill(top, round === 0);
    await checkRepository(top);
  }
  const repository = open(top);
  const current = await repository.readRef('current');
  await repository.recover({ current });
  const names = await readdir(top, { recursive: true });
  expect(names.filter((name) => name.includes('.tmp-'))).toEqual([]);
  await checkRepository(top);
});

async function publishAndKill(top: string, untilReady: boolean): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'publisher.ts'), top, packages], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const ready = new Promise((resolve) => child.stdout.once('data', resolve));
  if (untilReady) await Promise.race([ready, ended]);
  else await Promise.race([ready, setTimeout(300)]);
  await setTimeout(Math.random() * 60);
  child.kill('SIGKILL');
  await ended;
}

const open = (top: string) =>
  openRepository({
    nodes: { read: (hashes) => readWritten(top, hashes), write: () => Promise.reject(new Error('only read')) },
    ...{ directory: top, format: rpm, store: createDiskStore({ directory: join(top, 'pool') }), url: 'http://x' },
    target: { name: 't', arch: 'x86_64' },
  });

async function readWritten(top: string, hashes: readonly string[]): Promise<Map<string, string>> {
  const db = await openDatabase({ url: sqliteUrl(join(top, '..', 'nodes.sqlite')), mode: 'read' });
  try {
    return await readNodes(db, hashes);
  } finally {
    await db.close();
  }
}

/** Everything that has a name is whole: snapshots prove their hash, their indices and packages; links lead to snapshots. */
async function checkRepository(top: string): Promise<void> {
  const repository = open(top);
  const hashes = (await readdir(join(top, 'snapshots'))).filter((name) => !name.startsWith('.tmp-'));
  expect(hashes).toContain(await repository.readRef('current'));
  for (const hash of hashes.slice(-4)) {
    const snapshot = join(top, 'snapshots', hash);
    for (const one of (await repository.readSnapshot(hash)).packages)
      expect(await sha256File(join(snapshot, 'pool', one.sha256.slice(0, 2), one.sha256, one.fileName))).toBe(
        one.sha256,
      );
    const repomd = await readFile(join(snapshot, 'repodata/repomd.xml'), 'utf8');
    const indices = [...repomd.matchAll(/href="(repodata\/([0-9a-f]{64})-\w+\.xml\.gz)"/g)];
    expect(indices).toHaveLength(3);
    for (const [, path, digest] of indices) expect(await sha256File(join(snapshot, path ?? ''))).toBe(digest);
  }
}
