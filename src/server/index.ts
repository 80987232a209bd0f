export { createServer } from './create.ts';
export type { ServerContext } from './context.ts';
export type { Needs } from './gate.ts';
export { serve, type ServeOptions } from './serve.ts';
