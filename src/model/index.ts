export type * from './build.ts';
export * from './notice.ts';
export * from './order.ts';
export type * from './package.ts';
export type * from './ports/index.ts';
export type * from './project.ts';
export type * from './revision.ts';
export type * from './target.ts';
export * from './words.ts';
