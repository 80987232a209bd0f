export { openRemoteBuilds, type RemoteBuilds, type RemoteOptions } from './remote-builds.ts';
export { endOverlong } from './overlong.ts';
export { mirrorGate } from './mirror-gate.ts';
