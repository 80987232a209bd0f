import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { appendToLog } from '../../../lib/index.ts';
import type { FailureReason, VerifyOutcome, VerifyRequest } from '../../../model/index.ts';
import { fullDirectory } from '../free-space.ts';
import type { MockLauncher } from './command.ts';
import { mockConfiguration } from './configuration.ts';
import { readTransaction } from './logs.ts';
import { installTransaction, readInstallFailure } from './outcome.ts';
import { emptyResultDirectory, forgetSnapshots, leftMounted, runMock } from './run.ts';
import type { Slot, SlotLease } from './slots.ts';
import { exists } from '../generations.ts';

/** What may stand in a package specification of dnf without being a pattern or an option. */
const FULL_NAME = /^[A-Za-z0-9_][A-Za-z0-9._+~^:-]*$/;

/** Installs packages from a repository in a clean root with one run of mock. The lease is given back in every case. @throws the reason of `request.signal`. */
export async function verifyInSlot(
  request: VerifyRequest,
  launcher: MockLauncher,
  lease: SlotLease,
  zstd: boolean,
): Promise<VerifyOutcome> {
  let damaged = true;
  try {
    const outcome = await install(request, launcher, lease.slot, zstd);
    await forgetSnapshots(lease.slot);
    damaged = !(await makeClean(lease.slot, launcher));
    return outcome;
  } finally {
    await lease.release(damaged ? 'damaged' : 'clean');
  }
}

async function install(
  request: VerifyRequest,
  launcher: MockLauncher,
  slot: Slot,
  zstd: boolean,
): Promise<VerifyOutcome> {
  const { target, repository } = request;
  const started = performance.now();
  const finish = (
    reason: FailureReason | null,
    detail: string | null,
    installed: readonly string[] = [],
  ): VerifyOutcome => ({
    ok: reason === null,
    reason,
    detail,
    installed,
    timings: { install: (performance.now() - started) / 1000 },
  });
  const names = request.packages.map((entry) => entry.fullName);
  const strange = names.find((name) => !FULL_NAME.test(name));
  if (strange !== undefined)
    return finish('install_failed', `${JSON.stringify(strange)} is not a package name that dnf can install`);
  await emptyResultDirectory(slot, launcher);
  const timeout = AbortSignal.timeout(target.limits.time * 1000);
  const transcript = join(request.logs, 'install.log');
  const logs = await runMock(launcher, {
    slot,
    configuration: mockConfiguration({ target, slot, repository, overlay: launcher.overlay, zstd }),
    action: ['--install', ...names],
    signal: AbortSignal.any([request.signal, timeout]),
    messages: transcript,
  });
  if (logs === null && timeout.aborted)
    return finish('timeout', `the installation took longer than ${target.limits.time} s`);
  if (logs === null) throw request.signal.reason;
  const transaction = installTransaction(logs.rootLog);
  await appendToLog(transcript, `${transaction?.output.join('\n') ?? ''}\n`);
  const failure = readInstallFailure(logs, transaction);
  if (failure === null) return finish(null, null, readTransaction(transaction?.output ?? []));
  const full = await fullDirectory([slot.directory, request.logs]);
  if (full !== null) return finish('infra_error', `no space left on the file system of ${full}`);
  return finish(failure.reason, failure.detail);
}

/**
 * Takes the root of a slot back to what `prepare` made; false when that is not possible. mock's own way is a further run of it (`--clean`, 0.4 s);
 * emptying the layer that its overlayfs plugin wrote to comes to the same.
 */
async function makeClean(slot: Slot, launcher: MockLauncher): Promise<boolean> {
  await rm(slot.basedir, { recursive: true, force: true });
  await mkdir(slot.basedir);
  if (!launcher.overlay) return true;
  if (await leftMounted(slot)) return false;
  const state = join(slot.overlay, slot.rootName);
  const layer = await readFile(join(state, 'refs', '.upper'), 'utf8').catch(() => '');
  if (!/^[0-9a-f-]{36}$/.test(layer)) return false;
  const directory = join(state, 'layers', layer);
  if (!(await exists(join(directory, 'fs'))) || (await exists(join(directory, 'immutable')))) return false;
  await rm(join(directory, 'fs'), { recursive: true });
  await mkdir(join(directory, 'fs'), { mode: 0o755 });
  return true;
}
