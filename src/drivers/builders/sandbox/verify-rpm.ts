import { runDnf } from './dnf.ts';
import type { VerifyEnd, VerifyRun } from './verify.ts';

/** Installs the packages, in exactly these versions and from exactly this repository, over the clean root. */
export async function verifyRpm({ request, jail, prepared, clock, log }: VerifyRun): Promise<VerifyEnd> {
  const [root, cache] = await Promise.all([jail.addRoot([prepared.clean]), jail.addRoot([prepared.cache])]);
  const result = await runDnf({
    ...{ jail, root, cache, log, target: request.target, repository: request.repository },
    requirements: [],
    packages: request.packages,
    bringToOurs: false,
    ...{ layers: [], layerSalt: '' },
    timeout: clock.left(),
  });
  clock.add('verify', result.seconds);
  const failure = result.failure === null ? null : { reason: 'install_failed' as const, detail: result.failure.words };
  return { failure, installed: result.added };
}
