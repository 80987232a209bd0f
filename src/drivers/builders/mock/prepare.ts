import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError, TrunklineError } from '../../../lib/index.ts';
import type { PreparePhase, Target } from '../../../model/index.ts';
import type { MockLauncher } from './command.ts';
import { mockConfiguration } from './configuration.ts';
import { readRootPackages } from './logs.ts';
import { readBuildFailure } from './outcome.ts';
import { emptyResultDirectory, runMock } from './run.ts';
import type { SlotKind, Slots } from './slots.ts';
import { newGeneration, removeOldGenerations, targetDirectory, writePrepared } from '../generations.ts';

export interface PrepareRequest {
  target: Target;
  report: PreparePhase;
  signal: AbortSignal;
}

/** Makes the first slots of a target, and the root caches further ones are filled from, in a directory of their own that becomes current when whole. */
export async function prepareGeneration(
  stateDirectory: string,
  request: PrepareRequest,
  launcher: MockLauncher,
  slots: Slots,
  zstd: boolean,
): Promise<void> {
  const { target } = request;
  const directory = targetDirectory(stateDirectory, target);
  const name = newGeneration();
  const generation = join(directory, name);
  await mkdir(generation, { recursive: true });
  try {
    for (const kind of ['build', 'install'] as const) await makeSlot(generation, kind, request, launcher, slots, zstd);
  } catch (error) {
    await rm(generation, { recursive: true, force: true });
    throw notReady(target, error);
  }
  await writePrepared(stateDirectory, target, name);
  await removeOldGenerations(directory, slots.inUse);
}

async function makeSlot(
  generation: string,
  kind: SlotKind,
  { target, report, signal }: PrepareRequest,
  launcher: MockLauncher,
  slots: Slots,
  zstd: boolean,
): Promise<void> {
  report(`${target.name}: making the ${kind} root with mock`);
  const lease = await slots.lease(generation, target.name, kind);
  let outcome: 'clean' | 'damaged' = 'damaged';
  try {
    await emptyResultDirectory(lease.slot, launcher);
    const configuration = mockConfiguration({
      target,
      slot: lease.slot,
      repository: null,
      overlay: launcher.overlay,
      zstd,
    });
    const messages = join(generation, `prepare-${kind}.log`);
    const logs = await runMock(launcher, { slot: lease.slot, configuration, action: ['--init'], signal, messages });
    if (logs === null) throw new Error('it was stopped');
    if (logs.exitCode !== 0) throw new Error(readBuildFailure(logs).detail);
    await writeFile(join(generation, `${kind}-packages`), `${readRootPackages(logs.messages).join('\n')}\n`);
    outcome = 'clean';
  } finally {
    await lease.release(outcome);
  }
}

function notReady(target: Target, error: unknown): TrunklineError {
  return new TrunklineError('target_not_ready', `mock cannot make a root for ${target.name}: ${describeError(error)}`, {
    hint: 'correct base_repositories, build_packages or mock_config of the target, then run: trunkline target prepare',
    cause: error,
  });
}
