import { drainingCommand } from '../draining.ts';

export const workersResume = drainingCommand('resume', {
  summary: 'let a worker that was drained take builds again',
  details: 'It has to be started again if it has ended.',
});
