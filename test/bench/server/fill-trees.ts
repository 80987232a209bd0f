import { readNodes, writeNodes, type Db } from '../../../src/db/index.ts';
import { openTree } from '../../../src/repos/index.ts';
import type { Progress } from '../measurement.ts';
import { BEGIN, isBusy, MINUTE, projectName, succeeds, type Size } from './fill.ts';

/** Snapshots of each target that say what is in them; each after the first replaces one project. */
export const TREES = 30;

/** The newest snapshots of each target, with two packages of every project in them. */
export async function fillTrees(db: Db, size: Size, progress: Progress): Promise<void> {
  const nodes = { read: (hashes: readonly string[]) => readNodes(db, hashes), write: writeNodes.bind(null, db) };
  for (const [which, target] of ['rpms', 'debs'].entries()) {
    progress(`${db.adapter.name}: trees of ${target}`);
    const tree = openTree(nodes);
    const newest = Array.from({ length: size.projects }, (_, project) => successesOf(project, which, size));
    const first = newest.map(([last = 0, before = last], n) => (n < TREES ? before : last));
    const lists = first.map((build, n) => [projectName(n), packagesOf(projectName(n), build)] as const);
    let root = await tree.replaceAll(null, new Map(lists));
    let parent: string | null = null;
    for (let n = 0; n < TREES; n += 1) {
      await tree.keep(root);
      await db.sql
        .insertInto('snapshots')
        .values({
          ...{ target, hash: root, parent_hash: parent, build_id: newest[n]?.[0] ?? null },
          ...{ package_count: 2 * size.projects, created_at: BEGIN + (size.builds + 1 + n) * MINUTE, index_time: 1 },
        })
        .execute();
      parent = root;
      root = await tree.replace(root, projectName(n), packagesOf(projectName(n), newest[n]?.[0] ?? 0));
    }
  }
}

/** The two newest successful builds of a project for the first or second target, as fill.ts makes them; fewer where there are none. */
function successesOf(project: number, target: number, size: Size): number[] {
  const { projects, builds, waiting } = size;
  const found: number[] = [];
  for (let round = Math.floor(builds / 2 / projects); round >= 0 && found.length < 2; round -= 1) {
    const build = 2 * (round * projects + project) + target + 1;
    if (!isBusy(round) && build <= builds - waiting && succeeds(build, projects)) found.push(build);
  }
  return found;
}

function packagesOf(project: string, build: number) {
  return (['source', 'binary'] as const).map((kind) => {
    const arch = kind === 'source' ? 'src' : 'x86_64';
    const fullName = `${project}-${String(build)}-1.${arch}`;
    const sha256 = String(build * 2 + (kind === 'source' ? 0 : 1)).padStart(64, '0');
    return {
      project,
      sequence: build,
      fullName,
      name: project,
      kind,
      arch,
      fileName: `${fullName}.rpm`,
      sha256,
      size: 12345,
    };
  });
}
