import type { PackageFile } from '../../../model/index.ts';
import { openInputs } from '../confined-reading.ts';
import type { Inspector } from '../inspection.ts';

/** The RPMs among `paths`, each under its canonical name; other files (logs, reports) are left out. */
export async function identifyRpms(inspector: Inspector, paths: readonly string[]): Promise<PackageFile[]> {
  const inputs = await openInputs(paths.filter((path) => path.endsWith('.rpm')));
  const inspections = await inspector.inspect(inputs);
  return inputs.flatMap((input, n) => {
    const inspection = inspections[n];
    return inspection === undefined ? [] : [{ ...input, identity: inspection.identity, companions: [] }];
  });
}
