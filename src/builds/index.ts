export { performAttempt } from './attempt.ts';
export type { AttemptReport } from './conclude.ts';
export { logDirectory, requireProject, requireTarget, type TrunkContext } from './context.ts';
export { failureOf, oneLine, type Failure } from './failure.ts';
export { openMirrors, type Mirrors } from './mirrors.ts';
export { requireBuilder } from './run/index.ts';
export { closeDirectory, openDirectory, placeOf, publishDirectory, showPublication } from './publish/index.ts';
export { endPassedPins, pinProject, pinsOf, unpinProject, type PinnedVersion } from './pins/index.ts';
