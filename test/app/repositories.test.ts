import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadSettings } from '../../src/app/config/index.ts';
import { openForWriting } from '../../src/app/index.ts';
import { deleteNodes, readNodes, writeNodes } from '../../src/db/index.ts';
import { openTree } from '../../src/repos/index.ts';

test('whoever publishes forgets first what others have removed since', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'trunkline-repositories-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, 'trunkline.yaml');
  await writeFile(file, 'data_dir: ./data\ntargets: { rpms: { format: rpm, root: host } }\n');
  const settings = await loadSettings({ config: file });
  const trunk = await openForWriting(settings);
  onTestFinished(() => trunk.close());
  const { context } = trunk;
  const { db } = context;
  const [target] = settings.targets;
  if (target === undefined) throw new Error('no target');
  const repository = context.repository(target);
  const other = openTree({ read: (hashes) => readNodes(db, hashes), write: (nodes) => writeNodes(db, nodes) });
  const one = { name: 'tool', fullName: 'tool-1-1.src', fileName: 'tool-1-1.src.rpm', arch: 'src', size: 10 };
  const entry = { ...one, project: 'tool', sequence: 1, sha256: 'a'.repeat(64), kind: 'source' as const };
  const hash = await other.replace(null, 'tool', [entry]);
  await other.keep(hash);
  const publishing = <T>(work: () => Promise<T>) => context.mutexes.hold('publish rpms', work);

  expect(await publishing(() => repository.count(hash))).toBe(1);
  await db.transaction((tx) => deleteNodes(tx, [hash]));
  expect(await repository.count(hash)).toBe(1);
  await expect(publishing(() => repository.count(hash))).rejects.toMatchObject({ code: 'not_found' });
});
