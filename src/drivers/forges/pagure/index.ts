import type { Forge } from '../../../model/index.ts';
import { check } from './check.ts';
import { read } from './read.ts';

/** Pagure: pagure.io, and dist-git of Fedora and CentOS as long as it was one. */
export const pagure: Forge = {
  name: 'pagure',
  // Both stand in the body.
  capabilities: { proof: 'signature', provesId: 'always', provesTime: 'always' },
  check,
  read,
};
