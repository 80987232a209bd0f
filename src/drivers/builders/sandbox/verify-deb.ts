import { runApt } from './apt.ts';
import type { VerifyEnd, VerifyRun } from './verify.ts';

/** Installs the packages, in exactly these versions, over the clean root. */
export async function verifyDeb({ request, jail, prepared, clock, log }: VerifyRun): Promise<VerifyEnd> {
  const { target, repository } = request;
  const packages = request.packages.map(
    ({ name, version, arch }) => `${name}${arch === 'all' ? '' : `:${arch}`}=${version}`,
  );
  const root = await jail.addRoot([prepared.clean]);
  const result = await runApt({
    ...{ jail, root, target, repository, log, layers: [], layerSalt: '' },
    command: ['install', ...packages],
    bringToOurs: false,
    timeout: clock.left(),
  });
  clock.add('verify', result.seconds);
  const failure = result.failure === null ? null : { reason: 'install_failed' as const, detail: result.failure.words };
  return { failure, installed: result.failure === null ? result.added : [] };
}
