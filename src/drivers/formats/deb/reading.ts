import type { PackageFormat } from '../../../model/index.ts';
import type { OpenJail } from '../confined-reading.ts';
import { createInspector } from '../inspection.ts';
import { debFragments } from './fragments.ts';
import { identifyDebs } from './identify.ts';
import { createDebInspection } from './inspect.ts';
import { readList } from './read-list.ts';
import { readRelations } from './relations.ts';
import { stageSource } from './stage-source.ts';

/** What reads packages and packaging: all that a server does not need while nothing is built. */
export function createDebReading(openJail: OpenJail) {
  const inspector = createInspector(createDebInspection(openJail));
  return {
    readRelations: (files) => Promise.resolve(readRelations(files)),
    stageSource,
    readList: (path) => readList(openJail, path),
    identify: (paths) => identifyDebs(inspector, paths),
    fragments: (files) => debFragments(inspector, files),
  } satisfies Partial<PackageFormat>;
}
