import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createFormats } from '../../../src/drivers/formats/registry.ts';
import { createDiskStore } from '../../../src/drivers/stores/disk/index.ts';
import { openDatabase, readNodes, sqliteUrl, writeNodes } from '../../../src/db/index.ts';
import type { FormatName, PackageFile, Signer } from '../../../src/model/index.ts';
import { openRepository, type NodeStore, type ProjectPackages, type Repository } from '../../../src/repos/index.ts';

/** The whole seam between the benchmark and the repository engine: a repository with `current`, a project for each package. */
export interface Ours {
  repository: Repository;
  /** `<top>/current`. */
  current: string;
  /** Publishes all packages as the first snapshot. Answers seconds by phase. */
  first(paths: readonly string[]): Promise<Record<string, number>>;
  /** Publishes a new version of one package, its fragment included. Answers seconds by phase. */
  replace(path: string): Promise<Record<string, number>>;
  close(): Promise<void>;
}

export async function openOurs(directory: string, format: FormatName, signer: Signer | null): Promise<Ours> {
  await rm(directory, { recursive: true, force: true });
  const top = join(directory, 'repo');
  await mkdir(top, { recursive: true });
  const driver = createFormats()[format];
  // Loads what reads packages: from sources that takes as long as createrepo_c for all of them, and no installed program does it.
  await driver.identify([]);
  const db = await openDatabase({ url: sqliteUrl(join(directory, 'nodes.sqlite')), mode: 'write' });
  const nodes: NodeStore = { read: (hashes) => readNodes(db, hashes), write: (fresh) => writeNodes(db, fresh) };
  const repository = openRepository({
    ...{ directory: top, format: driver, nodes, signer, url: `file://${top}` },
    store: createDiskStore({ directory: join(top, 'pool') }),
    target: { name: 'bench', arch: format === 'rpm' ? 'x86_64' : 'amd64' },
  });
  let parent: string | null = null;
  let sequence = 0;
  let time = 1_793_577_600;
  const changeOf = (file: PackageFile): ProjectPackages => ({
    ...{ project: file.identity.name, sequence: ++sequence, packages: [file] },
  });
  const list = async (files: readonly PackageFile[]) => {
    const [only] = files;
    if (files.length === 1 && only !== undefined) return repository.next(parent, changeOf(only));
    return repository.nextOfAll(parent, files.map(changeOf));
  };
  const publish = async ({ files, stored }: Taken, clock: Clock) => {
    const after = parent;
    parent = await list(files);
    clock('list');
    time += 2;
    await repository.writeSnapshot(parent, { time, after, stored });
    clock('index');
    await repository.moveRef('current', parent, time);
    clock('ref');
  };
  // Signing all packages of the first snapshot would take longer than everything else; it is measured with the others.
  const take = async (paths: readonly string[], clock: Clock) => {
    const identified = await driver.identify(paths);
    clock('identify');
    const work = await mkdtemp(join(directory, 'sign-'));
    const files = paths.length > 1 ? identified : await repository.sign(identified, work);
    clock('sign');
    const { stored } = await repository.beginAdmission(files);
    clock('admit');
    return { files, stored, work };
  };
  const measured = async (paths: readonly string[]) => {
    const clock = createClock();
    const taken = await take(paths, clock);
    await publish(taken, clock);
    await rm(taken.work, { recursive: true });
    return clock.phases();
  };
  return {
    ...{ repository, current: join(top, 'current') },
    first: measured,
    replace: (path) => measured([path]),
    close: () => db.close(),
  };
}

interface Taken {
  files: readonly PackageFile[];
  stored: Promise<unknown>;
  work: string;
}

type Clock = ((phase: string) => void) & { phases: () => Record<string, number> };

function createClock(): Clock {
  const phases: Record<string, number> = {};
  const started = performance.now();
  let last = started;
  const clock = (phase: string) => {
    const now = performance.now();
    phases[phase] = (now - last) / 1000;
    last = now;
  };
  return Object.assign(clock, { phases: () => ({ ...phases, all: (last - started) / 1000 }) });
}
