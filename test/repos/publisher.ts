// Publishes two states of a repository in turn until it is killed. Arguments: the repository's directory, a file with two lists of packages.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRpmFormat } from '../../src/drivers/formats/rpm/index.ts';
import { createDiskStore } from '../../src/drivers/stores/disk/index.ts';
import { openJail } from '../../src/lib/jail/index.ts';
import type { PackageFile } from '../../src/model/index.ts';
import { openDatabase, readNodes, sqliteUrl, writeNodes } from '../../src/db/index.ts';
import { openRepository } from '../../src/repos/index.ts';

const [directory = '', packages = ''] = process.argv.slice(2);
const states = JSON.parse(await readFile(packages, 'utf8')) as PackageFile[][];
const format = createRpmFormat({ openJail });
const db = await openDatabase({ url: sqliteUrl(join(directory, '..', 'nodes.sqlite')), mode: 'write' });
const repository = openRepository({
  nodes: { read: (hashes) => readNodes(db, hashes), write: (nodes) => writeNodes(db, nodes) },
  ...{ directory, format, store: createDiskStore({ directory: join(directory, 'pool') }), url: 'http://x' },
  target: { name: 't', arch: 'x86_64' },
});
await repository.recover({});
let after: string | null = null;
for (let sequence = 1; ; sequence += 1) {
  const files = states[sequence % states.length] ?? [];
  await repository.admit(files);
  const hash: string = await repository.next(null, { project: 'p', sequence, packages: files });
  await repository.writeSnapshot(hash, { time: 1_790_000_000, after });
  after = hash;
  await repository.moveRef('current', after);
  const commit = sequence.toString(16).padStart(40, '0');
  await repository.writeBuildDirectory({
    ...{ project: 'p', component: null, ownsPair: true, upstreamCommit: commit, distgitCommit: commit },
    ...{ snapshot: after, files: [{ fileName: 'build.log', content: commit }] },
    client: { name: 'delorean', description: 'x' },
  });
  if (sequence === 1) process.stdout.write('ready\n');
}
