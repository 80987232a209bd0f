import type { PackageFormat } from '../../../model/index.ts';
import type { OpenJail } from '../confined-reading.ts';
import { debClientFiles } from './client-files.ts';
import { componentsOf, missingComponentOf } from './components.ts';
import { debFileNames } from './file-names.ts';
import { readPackaging } from './read-packaging.ts';
import type { createDebReading } from './reading.ts';
import { debIndexParts, debIndexPath, debLayout, release } from './write-index.ts';

/** Debian packages, for apt. Packages are read in jails of `openJail`; what reads them is loaded with the first. */
export function createDebFormat({ openJail }: { openJail: OpenJail }): PackageFormat {
  let made: Promise<ReturnType<typeof createDebReading>> | undefined;
  const reading = () => (made ??= import('./reading.ts').then(({ createDebReading }) => createDebReading(openJail)));
  return {
    name: 'deb',
    readPackaging,
    readRelations: async (files) => (await reading()).readRelations(files),
    // apt knows no groups and no modules.
    readSupplements: () => Promise.resolve({}),
    wholeParts: [],
    stageSource: async (request) => (await reading()).stageSource(request),
    readList: async (path) => (await reading()).readList(path),
    fileNames: debFileNames,
    identify: async (paths) => (await reading()).identify(paths),
    fragmentVersion: 3,
    fragments: async (files) => (await reading()).fragments(files),
    componentsOf,
    missingComponent: missingComponentOf,
    indexParts: debIndexParts,
    indexPath: debIndexPath,
    indexOfIndices: release,
    layout: debLayout,
    clientFiles: debClientFiles,
  };
}
