import type { PackageFormat } from '../../../model/index.ts';
import type { OpenJail } from '../confined-reading.ts';
import { createInspector } from '../inspection.ts';
import { debClientFiles } from './client-files.ts';
import { debFragments } from './fragments.ts';
import { debFileNames } from './file-names.ts';
import { identifyDebs } from './identify.ts';
import { createDebInspection } from './inspect.ts';
import { readList } from './read-list.ts';
import { readPackaging } from './read-packaging.ts';
import { readRelations } from './relations.ts';
import { stageSource } from './stage-source.ts';
import { debIndexParts, debIndexPath, debLayout, release } from './write-index.ts';

/** Debian packages, for apt. Packages are read in jails of `openJail`. */
export function createDebFormat(options: { openJail: OpenJail }): PackageFormat {
  const inspector = createInspector(createDebInspection(options.openJail));
  return {
    name: 'deb',
    readPackaging,
    readRelations: (files) => Promise.resolve(readRelations(files)),
    // apt knows no groups and no modules.
    readSupplements: () => Promise.resolve({}),
    wholeParts: [],
    stageSource,
    readList: (path) => readList(options.openJail, path),
    fileNames: debFileNames,
    identify: (paths) => identifyDebs(inspector, paths),
    fragmentVersion: 2,
    fragments: (files) => debFragments(inspector, files),
    indexParts: debIndexParts,
    indexPath: debIndexPath,
    indexOfIndices: release,
    layout: debLayout,
    clientFiles: debClientFiles,
  };
}
