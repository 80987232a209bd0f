import { TrunklineError } from '../../../lib/index.ts';
import type { PreparePhase } from '../../../model/index.ts';
import { runDnf } from './dnf.ts';
import type { Filling } from './prepare.ts';

/** Installs the packages of both roots with this machine's dnf. */
export async function fillRpmRoots(
  roots: { build: Filling | null; clean: Filling },
  report: PreparePhase,
): Promise<void> {
  for (const [name, filling] of [['build root', roots.build] as const, ['clean root', roots.clean] as const]) {
    if (filling === null) continue;
    report(`${filling.target.name}: installing the ${name} (${filling.packages.join(' ')})`);
    const result = await runDnf({
      ...filling,
      repository: null,
      requirements: filling.packages,
      packages: [],
      bringToOurs: false,
      ...{ layers: [], layerSalt: '' },
    });
    if (result.failure !== null)
      throw new TrunklineError('target_not_ready', `The ${name} of ${filling.target.name}: ${result.failure.words}`, {
        hint: 'correct baseRepositories, buildPackages or installPackages of the target',
      });
    report(`${filling.target.name}: the ${name} has ${result.installed.length} packages`);
  }
}
