import type { PackageFile } from '../../../model/index.ts';
import { openInputs } from '../confined-reading.ts';
import type { Inspector } from '../inspection.ts';
import { isDebianPackage } from './inspect.ts';
import { companionsOf } from './source-files.ts';

/**
 * The debs and dscs among `paths`, each under its canonical name, a dsc with the files it names (which lie beside it); other files (changes,
 * buildinfo, tarballs by themselves) are left out.
 */
export async function identifyDebs(inspector: Inspector, paths: readonly string[]): Promise<PackageFile[]> {
  const inputs = await openInputs(paths.filter(isDebianPackage));
  const inspections = await inspector.inspect(inputs);
  const files = inputs.map(async (input, n) => {
    const inspection = inspections[n];
    if (inspection === undefined) throw new Error(`no inspection of ${input.path}`);
    const { identity, fragment } = inspection;
    const companions = identity.kind === 'source' ? await companionsOf(input, identity.fileName, fragment) : [];
    return { ...input, identity, companions };
  });
  return Promise.all(files);
}
