import type { AuditEntryResource, GrantResource, TeamResource, TokenResource, UserResource } from '../../api/index.ts';
import type { AuditEntry, GivenGrant, Team, Token, User } from '../../db/index.ts';
import { iso, isoOrNull } from './times.ts';

export function userAnswer({ id, name, hasPassword, createdAt, createdBy, disabledAt }: User): UserResource {
  return { id, name, hasPassword, createdAt: iso(createdAt), createdBy, disabledAt: isoOrNull(disabledAt) };
}

export function teamAnswer({ id, name, createdAt, createdBy, members }: Team): TeamResource {
  return { id, name, createdAt: iso(createdAt), createdBy, members: [...members] };
}

export function grantAnswer({ id, holder, holderName, grant, createdAt, createdBy }: GivenGrant): GrantResource {
  const whose = holder === 'anonymous' ? holder : `${holder}/${holderName}`;
  return { id, holder: whose, ...grant, createdAt: iso(createdAt), createdBy };
}

export function tokenAnswer({ id, user, name, scope, worker, createdBy, ...times }: Token): TokenResource {
  return {
    ...{ id, user, name, createdBy },
    scope: scope && [...scope],
    worker: worker && {
      targets: [...worker.targets],
      labels: [...worker.labels],
      ...(worker.attempts === undefined ? {} : { attempts: worker.attempts }),
    },
    createdAt: iso(times.createdAt),
    expiresAt: isoOrNull(times.expiresAt),
    lastUsedAt: isoOrNull(times.lastUsedAt),
    revokedAt: isoOrNull(times.revokedAt),
  };
}

export function auditAnswer({ createdAt, detail, ...entry }: AuditEntry): AuditEntryResource {
  return { ...entry, detail: detail && { ...detail }, createdAt: iso(createdAt) };
}
