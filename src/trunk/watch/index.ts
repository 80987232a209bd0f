export { askForPoll } from './ask.ts';
export { keepHouse } from './housekeeping.ts';
export { pollProjects } from './poll.ts';
export { workOn } from './work.ts';
