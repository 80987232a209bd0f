export * from './audit.ts';
export * from './deliver.ts';
export * from './emit.ts';
export * from './event.ts';
export * from './maintainers.ts';
export * from './told.ts';
