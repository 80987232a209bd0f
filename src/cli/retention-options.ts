import { wholeNumber, type Option } from './command.ts';

/** What is kept because it is new, in place of the configuration's rule. */
export interface RetentionOptions {
  olderThan?: string;
  keepLast?: number;
}

/** Of the commands that collect garbage, and say what they would keep. Data only: it is imported with the commands' records. */
export const RETENTION_OPTIONS: readonly Option[] = [
  { flags: '--older-than <TIME>', description: 'keep younger snapshots: 30d (default: gc.older_than)' },
  {
    flags: '--keep-last <N>',
    description: 'keep the newest N snapshots of each target (default: gc.keep_last)',
    parse: wholeNumber('--keep-last', 1, 1_000_000),
  },
];
