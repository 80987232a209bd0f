import type { PackageFormat } from '../../../model/index.ts';
import type { OpenJail } from '../confined-reading.ts';
import { createInspector } from '../inspection.ts';
import { createCheckedInserter } from './checked-insertion.ts';
import { rpmFragments } from './fragments.ts';
import { identifyRpms } from './identify.ts';
import { createRpmInspection } from './inspect.ts';
import { createSignatureInserter } from './insert-signatures.ts';
import { readRelations } from './relations.ts';
import { signRpms } from './sign.ts';
import { rpmSignatureProblems } from './signature-problems.ts';
import { stageSource } from './stage-source.ts';
import { readRpmSupplements } from './supplements/index.ts';

/** What reads packages and packaging, or changes them: all that a server does not need while nothing is built. */
export function createRpmReading(openJail: OpenJail) {
  const inspector = createInspector(createRpmInspection(openJail));
  const inserter = createCheckedInserter(createSignatureInserter(openJail));
  return {
    readRelations: (files) => readRelations(openJail, files),
    readSupplements: (files, about) => readRpmSupplements(openJail, files, about),
    stageSource,
    identify: (paths) => identifyRpms(inspector, paths),
    sign: (files, signer, directory) => signRpms({ inserter, inspector }, files, signer, directory),
    fragments: (files) => rpmFragments(inspector, files),
    signatureProblems: (files, keys) => rpmSignatureProblems(openJail, files, keys),
  } satisfies Partial<PackageFormat>;
}
