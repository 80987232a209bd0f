export type * from './builder.ts';
export type * from './forge.ts';
export type * from './format.ts';
export type * from './notifier.ts';
export type * from './signer.ts';
export type * from './store.ts';
