import { drainingCommand } from '../draining.ts';

export const workersDrain = drainingCommand('drain', {
  summary: 'have a worker take nothing new, and end when its builds have',
  details: 'It stays so, however often it is started, until trunkline workers resume.',
});
