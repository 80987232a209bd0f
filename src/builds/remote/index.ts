export { openRemoteBuilds, type RemoteBuilds, type RemoteOptions } from './remote-builds.ts';
export { mirrorsFor } from './mirrors-for.ts';
