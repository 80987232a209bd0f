export { runWorker, type WorkerEvent, type WorkerOptions } from './run.ts';
