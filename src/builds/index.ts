export { performAttempt, type AttemptReport } from './attempt.ts';
export { logDirectory, requireBuilder, requireProject, requireTarget, type TrunkContext } from './context.ts';
export { failureOf, oneLine, type Failure } from './failure.ts';
export { openMirrors, type Mirrors } from './mirrors.ts';
export { closeDirectory, openDirectory, placeOf, publishDirectory, showPublication } from './publish/index.ts';
export { endPassedPins, pinProject, pinsOf, unpinProject, type PinnedVersion } from './pins/index.ts';
