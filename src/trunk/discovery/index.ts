export { discover, type DiscoveredRevision, type Discovery, type DiscoveryRequest, type Why } from './discover.ts';
export { historyOf, type History } from './history.ts';
