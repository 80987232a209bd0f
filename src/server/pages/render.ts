export { buildPage } from './build.ts';
export { summaryPage } from './summary.ts';
export { timelinePage } from './timeline.ts';
