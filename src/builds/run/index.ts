export { failureOf, stopsEverything, type Failure } from '../failure.ts';
export { readBaseRepositories } from './base-revisions.ts';
export { objection, type BuiltPackages } from './build.ts';
export { gatherPackaging, gatherReport, upstreamNames } from './gather.ts';
export { makePackages, type MakeOptions, type PlannedVersion } from './make.ts';
export { verifyPackages, type Verified, type VerifyJob } from './verify.ts';
export { add, requireBuilder, type Work, type Workplace } from './workplace.ts';
