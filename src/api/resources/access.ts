import { z } from 'zod';
import { PATTERN, ROLES } from '../../model/access/index.ts';
import { time } from './fields.ts';

/** Names of users, teams and tokens. */
export const accountName = () => z.string().regex(/^[a-z0-9][a-z0-9._@+-]{0,99}$/);
const pattern = () => z.string().regex(PATTERN).meta({ description: 'a name, or one with * for any characters' });
const reason = z.string().trim().min(1).max(10_000).optional().meta({ description: 'kept in the audit log' });
const limits = { project: pattern().optional(), target: pattern().optional(), ref: pattern().optional() };
const grant = z.object({ role: z.enum(ROLES), ...limits }).strict();
const patterns = () => z.array(pattern()).max(50);

export const userSchema = z
  .object({
    id: z.int(),
    name: z.string(),
    hasPassword: z.boolean(),
    createdAt: time(),
    createdBy: z.string(),
    disabledAt: time().nullable().meta({ description: 'since when neither they nor their tokens are let in' }),
  })
  .meta({ id: 'User' });
export type UserResource = z.output<typeof userSchema>;

export const teamSchema = z
  .object({ id: z.int(), name: z.string(), createdAt: time(), createdBy: z.string(), members: z.array(z.string()) })
  .meta({ id: 'Team' });
export type TeamResource = z.output<typeof teamSchema>;

export const givenGrantSchema = z
  .object({
    id: z.int(),
    holder: z.string().meta({ description: '`user/NAME`, `team/NAME` or `anonymous`' }),
    role: z.enum(ROLES),
    ...{ project: z.string().optional(), target: z.string().optional(), ref: z.string().optional() },
    createdAt: time(),
    createdBy: z.string(),
  })
  .meta({ id: 'Grant' });
export type GrantResource = z.output<typeof givenGrantSchema>;

export const tokenSchema = z
  .object({
    id: z.int(),
    user: z.string().nullable().meta({ description: 'null: of a worker' }),
    name: z.string(),
    scope: z.array(grant).nullable().meta({ description: 'null: all that its owner may' }),
    worker: z
      .object({ targets: z.array(z.string()), labels: z.array(z.string()), attempts: z.int().optional() })
      .nullable(),
    createdAt: time(),
    createdBy: z.string(),
    expiresAt: time().nullable(),
    lastUsedAt: time().nullable().meta({ description: 'to the minute' }),
    revokedAt: time().nullable(),
  })
  .meta({ id: 'Token' });
export type TokenResource = z.output<typeof tokenSchema>;

export const madeTokenSchema = tokenSchema
  .extend({ secret: z.string().meta({ description: 'the token itself: it is shown this once' }) })
  .meta({ id: 'TokenMade' });

export const auditEntrySchema = z
  .object({
    id: z.int(),
    actor: z.string(),
    action: z.string(),
    subject: z.string(),
    reason: z.string().nullable(),
    detail: z.record(z.string(), z.unknown()).nullable(),
    createdAt: time(),
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntryResource = z.output<typeof auditEntrySchema>;

const password = z.string().max(1000);
export const whyBody = z.object({ reason });
export const userBody = z.object({
  name: accountName(),
  password: password.optional().meta({ description: 'absent: the user has tokens only' }),
  admin: z.boolean().default(false).meta({ description: 'may everything; for those who may give that' }),
  reason,
});
export const passwordBody = z.object({
  password: password.nullable().meta({ description: 'null: the user has tokens only' }),
  reason,
});
export const teamBody = z.object({ name: accountName(), reason });
export const memberBody = z.object({ user: accountName(), reason });
export const grantBody = z.object({
  holder: z.string().regex(/^(anonymous|(user|team)\/[a-z0-9][a-z0-9._@+-]{0,99})$/),
  ...{ role: z.enum(ROLES), ...limits },
  reason,
});
const expiresAt = time().nullable().meta({ description: 'null: never' });
export const tokenBody = z.object({
  name: accountName(),
  scope: z.array(grant).max(50).optional().meta({ description: 'absent: all that its owner may' }),
  expiresAt,
  reason,
});
export const workerTokenBody = z.object({
  name: accountName(),
  targets: patterns().min(1),
  labels: patterns().default([]),
  attempts: z.int().min(1).max(10_000).optional().meta({ description: 'builds it may have at once' }),
  expiresAt,
  reason,
});
