import { run } from '../../lib/index.ts';
import {
  checkOptions,
  copyFiles,
  giveName,
  isThere,
  putOwn,
  readThere,
  removeOthers,
  type Destination,
} from './destination.ts';
import { planExport, type ExportedTarget, type ExportPlan } from './plan.ts';

export type { Destination } from './destination.ts';
export type { ExportedTarget } from './plan.ts';

/** What is written of each target. */
export interface Exported {
  target: string;
  refs: readonly string[];
  snapshots: readonly string[];
  packages: number;
}

/** Names that the refs of the mirror need, or did before the last export: what `remove` leaves alone. */
const STATE = '.trunkline-export';

/**
 * Mirrors refs of repositories so that at every moment whatever a client can find is whole: packages first, then index files by digest, then snapshots,
 * then, in one step each, the refs. Only then, with `remove`, goes what neither this export nor the one before needs: clients may have begun
 * with the index of before. Ending it anywhere leaves a mirror that is good; the next export goes on.
 */
export async function exportTargets(
  targets: readonly ExportedTarget[],
  to: Destination,
  options: { remove: boolean; report: (what: string) => void },
): Promise<Exported[]> {
  checkOptions(to.options);
  const plans = await Promise.all(targets.map(async (target) => ({ target, plan: await planExport(target) })));
  const exported: Exported[] = [];
  for (const { target, plan } of plans) {
    const { name } = target;
    options.report(`${name}: packages`);
    await copyFiles(to, target.directory, plan.packages, `${name}/`);
    options.report(`${name}: indices`);
    await copyFiles(to, target.directory, plan.digests, `${name}/`);
    for (const snapshot of plan.snapshots) await copySnapshot(to, target, snapshot);
    await putOwn(to, name, plan.beside);
    exported.push({
      ...{ target: name, refs: target.refs, packages: plan.packages.length },
      snapshots: plan.snapshots.map(({ hash }) => hash),
    });
  }
  if (to.directory !== null) await run(['sync', '--file-system', to.directory]);
  for (const { target, plan } of plans) await showRefs(to, target, plan, options);
  return exported;
}

async function copySnapshot(
  to: Destination,
  { name, directory }: ExportedTarget,
  { hash, files, first }: ExportPlan['snapshots'][number],
): Promise<void> {
  if (to.directory === null) {
    // Elsewhere nothing can be renamed; what makes a snapshot of its files comes last.
    await copyFiles(
      to,
      directory,
      files.filter((path) => !first.includes(path)),
      `${name}/`,
    );
    await copyFiles(to, directory, first, `${name}/`);
    return;
  }
  const place = `${name}/snapshots/${hash}`;
  if (await isThere(to, place)) return;
  const building = `${name}/snapshots/.tmp-${hash}`;
  const inside = files.map((path) => path.slice(`snapshots/${hash}/`.length));
  await copyFiles(to, `${directory}/snapshots/${hash}`, inside, `${building}/`);
  await giveName(to, building, place);
}

async function showRefs(
  to: Destination,
  { name }: ExportedTarget,
  plan: ExportPlan,
  { remove, report }: { remove: boolean; report: (what: string) => void },
): Promise<void> {
  const needed = [
    ...[...plan.packages, ...plan.digests, ...plan.snapshots.flatMap(({ files }) => files)],
    ...[...plan.beside, ...plan.refs].map(({ path }) => path),
    STATE,
  ];
  const before = (await readThere(to, `${name}/${STATE}`))?.split('\n').filter((line) => line !== '') ?? [];
  const kept = new Set([...needed, ...before]);
  const state = (names: Iterable<string>) =>
    putOwn(to, name, [{ path: STATE, content: Buffer.from(`${[...names].join('\n')}\n`) }]);
  await state(kept);
  report(`${name}: refs`);
  await putOwn(to, name, plan.refs);
  if (remove) {
    report(`${name}: removing what is needed no more`);
    await removeOthers(to, name, kept);
  }
  await state(needed);
}
