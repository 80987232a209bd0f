export { buildPackages, type BuildJob, type BuiltPackages, type SourceMaterial } from './build.ts';
export { verifyPackages, type VerifyJob } from './verify.ts';
