import type { Forge } from '../../../model/index.ts';
import { check } from './check.ts';
import { read } from './read.ts';

/** Gitea and Forgejo. */
export const gitea: Forge = {
  name: 'gitea',
  capabilities: { proof: 'signature', provesId: 'never', provesTime: 'never' },
  check,
  read,
};
