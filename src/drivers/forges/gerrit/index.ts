import type { Forge } from '../../../model/index.ts';
import { check } from './check.ts';
import { read } from './read.ts';

/** Gerrit with its `webhooks` plugin. */
export const gerrit: Forge = {
  name: 'gerrit',
  capabilities: { proof: 'token', provesId: 'never', provesTime: 'never' },
  check,
  read,
};
