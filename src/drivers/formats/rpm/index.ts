import type { PackageFormat } from '../../../model/index.ts';
import type { OpenJail } from '../confined-reading.ts';
import { rpmClientFiles } from './client-files.ts';
import { rpmFileNames } from './file-names.ts';
import { readPackaging } from './read-packaging.ts';
import type { createRpmReading } from './reading.ts';
import { rpmWholeParts } from './supplements/parts.ts';
import { repomd, rpmIndexParts, rpmIndexPath, rpmLayout } from './write-index.ts';

/** RPM, for dnf and zypper. Packages are read in jails of `openJail`; what reads them is loaded with the first. */
export function createRpmFormat({ openJail }: { openJail: OpenJail }): PackageFormat {
  let made: Promise<ReturnType<typeof createRpmReading>> | undefined;
  const reading = () => (made ??= import('./reading.ts').then(({ createRpmReading }) => createRpmReading(openJail)));
  return {
    name: 'rpm',
    readPackaging,
    readRelations: async (files) => (await reading()).readRelations(files),
    readSupplements: async (files, about) => (await reading()).readSupplements(files, about),
    wholeParts: rpmWholeParts,
    stageSource: async (request) => (await reading()).stageSource(request),
    readList: () => Promise.resolve(null),
    fileNames: rpmFileNames,
    identify: async (paths) => (await reading()).identify(paths),
    sign: async (files, signer, directory) => (await reading()).sign(files, signer, directory),
    fragmentVersion: 1,
    fragments: async (files) => (await reading()).fragments(files),
    signatureProblems: async (files, keys) => (await reading()).signatureProblems(files, keys),
    // RPM repositories have no components.
    componentsOf: () => [],
    missingComponent: () => null,
    indexParts: rpmIndexParts,
    indexPath: rpmIndexPath,
    indexOfIndices: repomd,
    layout: rpmLayout,
    clientFiles: rpmClientFiles,
  };
}
