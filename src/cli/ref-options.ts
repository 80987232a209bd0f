import { TOKEN_FILE, type Option } from './command.ts';

export interface RefOptions {
  tokenFile?: string;
  reason?: string;
  force?: boolean;
}

/** Options of the commands that move a ref or take it away. Data only: it is imported with the commands' records. */
export const REF_OPTIONS: readonly Option[] = [
  { flags: '--reason <TEXT>', description: 'why; it is kept in the ref’s history' },
  { flags: '--force', description: 'a protected ref too' },
  TOKEN_FILE,
];
