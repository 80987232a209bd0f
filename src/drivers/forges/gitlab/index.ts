import type { Forge } from '../../../model/index.ts';
import { check } from './check.ts';
import { read } from './read.ts';

/** GitLab, with its secret token or its signing token (`whsec_…`). */
export const gitlab: Forge = {
  name: 'gitlab',
  capabilities: { proof: 'signature_or_token', provesId: 'where_signed', provesTime: 'where_signed' },
  check,
  read,
};
