export * from './armor.ts';
export * from './errors.ts';
export * from './files.ts';
export * from './hash.ts';
export * from './log.ts';
export * from './mutexes.ts';
export * from './redact.ts';
export * from './run.ts';
