import type { ForgeEvent, ProvenDelivery } from '../../../model/index.ts';
import { refUpdatedSchema } from './schema.ts';

/** Below its address Gerrit serves a project as it is called, and again below `a` for those who log in; many put `r` or `gerrit` before it. */
const PREFIXES = ['', 'a/', 'r/', 'r/a/', 'gerrit/', 'gerrit/a/', 'p/'];

/** `change-merged` comes with a `ref-updated` of its own. */
export function read({ event, origin }: Pick<ProvenDelivery, 'event' | 'origin'>, body: Buffer): ForgeEvent {
  if (event !== 'ref-updated') return { kind: 'other' };
  const { project, refName } = refUpdatedSchema.parse(JSON.parse(body.toString('utf8'))).refUpdate;
  const { origin: base } = origin === null ? { origin: null } : new URL(origin);
  const own = origin === null ? [] : [`${origin.replace(/\/+$/, '')}/${project}`];
  const repositories = base === null ? [] : PREFIXES.map((prefix) => `${base}/${prefix}${project}`);
  return {
    kind: 'push',
    ref: refName.startsWith('refs/') ? refName : `refs/heads/${refName}`,
    repositories: [...own, ...repositories],
  };
}
