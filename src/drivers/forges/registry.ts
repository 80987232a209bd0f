import type { Forge } from '../../model/index.ts';
import { gerrit } from './gerrit/index.ts';
import { gitea } from './gitea/index.ts';
import { github } from './github/index.ts';
import { gitlab } from './gitlab/index.ts';
import { pagure } from './pagure/index.ts';

/** By kind, as the configuration names them. Forgejo speaks as Gitea does. */
export const FORGES: ReadonlyMap<string, Forge> = new Map([
  ...[github, gitlab, gitea, pagure, gerrit].map((forge) => [forge.name, forge] as const),
  ['forgejo', gitea],
]);
