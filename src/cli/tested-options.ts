import { TOKEN_FILE, type Option } from './command.ts';

/** Options that `last-tested` and `last-good` share. Data only: it is imported with the commands' records. */
export const TESTED_OPTIONS: readonly Option[] = [
  {
    flags: '--of <KIND>',
    description: 'builds, or snapshots of the whole repository (default)',
    choices: ['build', 'snapshot'],
  },
  { flags: '--max-age <TIME>', description: 'only verdicts that are younger than 24h (also m, d, w)' },
  { flags: '--project <NAME...>', description: 'with --of build: only builds of these projects' },
  {
    flags: '--order <ORDER>',
    description: 'the newest thing that fits (made, default), or the one voted upon last (voted, as DLRN has it)',
    choices: ['made', 'voted'],
  },
  { flags: '--take <JOB>', description: 'mark that this job is at it from now on; exit code 2 when it is already' },
  { flags: '--for <TIME>', description: 'with --take: how long the mark holds at most (default 6h, at most 7d)' },
  { flags: '--url <URL>', description: 'with --take: where the job’s run can be watched' },
  TOKEN_FILE,
];
