import type { Jail, JailRoot } from '../../../lib/jail/index.ts';
import type { Target } from '../../../model/index.ts';
import { addBuilder } from './add-builder.ts';
import type { BuildRun } from './build.ts';
import { listLayers, saveLayer, takeLayer, type Layer } from './layers.ts';
import type { Failure } from './outcome.ts';
import { resolutionMemory, rootContents } from './resolution.ts';
import type { PreparedRoot } from './root-store.ts';

/** A root that has a build's requirements. */
export interface BuildRoot {
  root: JailRoot;
  /** Full names of the packages in it. */
  installed: readonly string[];
  /** To be released when the build is over. */
  layer: Layer | undefined;
}

/** How a format's package manager brings requirements into a root. */
export interface Installation {
  /** What identifies the request: the same requirements resolve to the same. */
  requirements: readonly string[];
  /** Installs into `root`, unless the result is among `layers`. */
  install(root: JailRoot, layers: readonly string[]): Promise<Installed>;
  /** Full names of the packages in a root, where `install` did not say. */
  list(root: JailRoot): Promise<readonly string[]>;
}

export interface Installed {
  failure: Failure | null;
  /** The digest that names the result; null when there was nothing to do. */
  layer: string | null;
  done: boolean;
  /** null: not known before it is installed. */
  installed: readonly string[] | null;
}

/** A root with the requirements in it, over the prepared root or this machine's own. `base`: the former without any. */
export async function openBuildRoot(
  run: BuildRun,
  base: JailRoot,
  wanted: Installation,
): Promise<BuildRoot | { failure: Failure }> {
  return run.request.target.root === 'host' ? openOnHost(run, wanted) : openPrepared(run, base, wanted);
}

/** What is installed above this machine's own root is not kept: the machine's packages change without our knowing. */
async function openOnHost(run: BuildRun, wanted: Installation): Promise<BuildRoot | { failure: Failure }> {
  const root = await addBaseRoot(run.jail, run.request.target, run.prepared);
  const result = await wanted.install(root, []);
  if (result.failure !== null) return { failure: result.failure };
  return { root, installed: result.installed ?? (await wanted.list(root)), layer: undefined };
}

/** The root that a build starts from. */
export async function addBaseRoot(jail: Jail, target: Target, prepared: PreparedRoot): Promise<JailRoot> {
  if (target.root === 'prepared') return jail.addRoot([prepared.build]);
  const root = await jail.addHostRoot();
  await addBuilder(jail, root);
  return root;
}

/** The prepared root, with a layer over it that was saved before, or installed now and saved. */
async function openPrepared(
  run: BuildRun,
  base: JailRoot,
  wanted: Installation,
): Promise<BuildRoot | { failure: Failure }> {
  const { prepared, request, jail } = run;
  const memory = await resolutionMemory(prepared, request.target, request.repository, wanted.requirements);
  const known = await memory.recall();
  if (known !== undefined) {
    if (known.layer === null) return { root: base, installed: known.installed, layer: undefined };
    const layer = await takeLayer(prepared.layers, known.layer);
    if (layer !== undefined) return { root: await addLayered(run, layer), installed: known.installed, layer };
  }
  const root = await jail.addRoot([prepared.build]);
  const result = await wanted.install(root, await listLayers(prepared.layers));
  if (result.failure !== null) return { failure: result.failure };
  if (result.layer !== null && result.done) await saveLayer(jail, root, prepared.layers, result.layer);
  const found = await findRoot(run, root, result);
  // It was dropped between the two looks; the next look finds it gone and installs.
  if (found === undefined) return openPrepared(run, base, wanted);
  const installed = result.installed ?? (await rootContents(prepared, result.layer, () => wanted.list(found.root)));
  await memory.remember({ layer: result.layer, installed });
  return { ...found, installed };
}

async function findRoot(
  run: BuildRun,
  root: JailRoot,
  result: Installed,
): Promise<Omit<BuildRoot, 'installed'> | undefined> {
  if (result.layer === null || result.done) return { root, layer: undefined };
  const layer = await takeLayer(run.prepared.layers, result.layer);
  return layer === undefined ? undefined : { root: await addLayered(run, layer), layer };
}

function addLayered(run: BuildRun, layer: Layer): Promise<JailRoot> {
  return run.jail.addRoot([layer.directory, run.prepared.build]);
}
