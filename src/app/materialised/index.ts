export { materialiseSnapshot, placeOf, type Materialised } from './materialise.ts';
export { releaseSnapshots, type Released } from './release.ts';
