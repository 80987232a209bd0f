import type { PackageFormat } from '../../../model/index.ts';
import type { OpenJail } from '../confined-reading.ts';
import { createInspector } from '../inspection.ts';
import { rpmClientFiles } from './client-files.ts';
import { rpmFragments } from './fragments.ts';
import { rpmFileNames } from './file-names.ts';
import { identifyRpms } from './identify.ts';
import { createRpmInspection } from './inspect.ts';
import { createSignatureInserter } from './insert-signatures.ts';
import { readPackaging } from './read-packaging.ts';
import { readRelations } from './relations.ts';
import { signRpms } from './sign.ts';
import { rpmSignatureProblems } from './signature-problems.ts';
import { stageSource } from './stage-source.ts';
import { readRpmSupplements, rpmWholeParts } from './supplements/index.ts';
import { repomd, rpmIndexParts, rpmIndexPath, rpmLayout } from './write-index.ts';

/** RPM, for dnf and zypper. Packages are read in jails of `openJail`. */
export function createRpmFormat(options: { openJail: OpenJail }): PackageFormat {
  const inspector = createInspector(createRpmInspection(options.openJail));
  const inserter = createSignatureInserter(options.openJail);
  return {
    name: 'rpm',
    readPackaging,
    readRelations: (files) => readRelations(options.openJail, files),
    readSupplements: (files, about) => readRpmSupplements(options.openJail, files, about),
    wholeParts: rpmWholeParts,
    stageSource,
    readList: () => Promise.resolve(null),
    fileNames: rpmFileNames,
    identify: (paths) => identifyRpms(inspector, paths),
    sign: (files, signer, directory) => signRpms({ inserter, inspector }, files, signer, directory),
    fragmentVersion: 1,
    fragments: (files) => rpmFragments(inspector, files),
    signatureProblems: (files, keys) => rpmSignatureProblems(options.openJail, files, keys),
    indexParts: rpmIndexParts,
    indexPath: rpmIndexPath,
    indexOfIndices: repomd,
    layout: rpmLayout,
    clientFiles: rpmClientFiles,
  };
}
