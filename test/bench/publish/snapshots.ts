import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase, readNodes, sqliteUrl, writeNodes } from '../../../src/db/index.ts';
import { sha256 } from '../../../src/lib/index.ts';
import { openTree, type ManifestPackage } from '../../../src/repos/index.ts';
import { median, rounded, type Measurement, type Progress } from '../measurement.ts';

const PACKAGES = 1500;
const SNAPSHOTS = 10_000;

/** What a snapshot costs that nobody has asked for: its share of the list of packages, in SQLite; and what comparing two of them takes. */
export async function measureSnapshots(directory: string, progress: Progress): Promise<Measurement[]> {
  const path = join(directory, 'snapshots.sqlite');
  await mkdir(directory, { recursive: true });
  for (const suffix of ['', '-wal', '-shm']) await rm(path + suffix, { force: true });
  const db = await openDatabase({ url: sqliteUrl(path), mode: 'write' });
  const tree = openTree({ read: (hashes) => readNodes(db, hashes), write: (nodes) => writeNodes(db, nodes) });
  progress(`${SNAPSHOTS} snapshots of ${PACKAGES} packages`);
  let root: string | null = null;
  for (let n = 0; n < PACKAGES; n++) {
    root = await tree.replace(root, `bench-${n}`, [packageOf(n, 0)]);
    if (n % 500 === 499) await tree.keep(root);
  }
  await db.close();
  const before = (await stat(path)).size;
  const again = await openDatabase({ url: sqliteUrl(path), mode: 'write' });
  const store = openTree({ read: (hashes) => readNodes(again, hashes), write: (nodes) => writeNodes(again, nodes) });
  const roots: string[] = [];
  for (let n = 1; n <= SNAPSHOTS; n++) {
    const which = Math.abs(Math.imul(n, 2_654_435_761)) % PACKAGES;
    root = await store.replace(root, `bench-${which}`, [packageOf(which, n)]);
    await store.keep(root);
    roots.push(root);
    if (n % (SNAPSHOTS / 5) === 0) progress(`${n} snapshots`);
  }
  const diffs: number[] = [];
  for (let n = 0; n < 50; n++) {
    const started = performance.now();
    await store.diff(roots[n * 100] ?? null, roots[n * 150 + 100] ?? null);
    diffs.push((performance.now() - started) / 1000);
  }
  await again.close();
  const bytes = ((await stat(path)).size - before) / SNAPSHOTS;
  const none = { peer: null, peer_name: 'none' };
  return [
    {
      name: 'snapshot-bytes',
      ours: bytes,
      unit: 'bytes',
      ...none,
      target: '<= 4096',
      details: { snapshots: SNAPSHOTS },
    },
    {
      name: 'snapshot-diff',
      ours: median(diffs),
      unit: 's',
      ...none,
      target: '<= 0.1 s',
      details: { most: rounded(Math.max(...diffs)) },
    },
  ];
}

function packageOf(n: number, version: number): ManifestPackage {
  const fullName = `bench-${n}-1.${version}-1.noarch`;
  return {
    ...{ project: `bench-${n}`, sequence: version, fullName, name: `bench-${n}`, kind: 'binary', arch: 'noarch' },
    ...{ fileName: `${fullName}.rpm`, sha256: sha256(fullName), size: 8000 + (version % 1000) },
  };
}
