import type { Forge } from '../../../model/index.ts';
import { check } from './check.ts';
import { read } from './read.ts';

/** GitHub: its cloud and its Enterprise Server. */
export const github: Forge = {
  name: 'github',
  capabilities: { proof: 'signature', provesId: 'never', provesTime: 'never' },
  check,
  read,
};
