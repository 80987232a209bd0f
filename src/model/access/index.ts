export * from './actions.ts';
export * from './may.ts';
export * from './pattern.ts';
export * from './principal.ts';
