import { z } from 'zod';
import { buildSchema } from './builds.ts';
import { commit, name, refName, time } from './fields.ts';

export const snapshotSchema = z
  .object({
    target: name(),
    snapshot: z.string(),
    parent: z.string().nullable(),
    packageCount: z.int(),
    createdAt: time(),
    refs: z.array(z.string()),
    holds: z.array(z.string()).meta({ description: 'why it is kept' }),
    goesAt: time().nullable().meta({ description: 'when the garbage collector takes it, unless something needs it' }),
    goneAt: time().nullable(),
    build: buildSchema.nullable(),
    repository: z.string().meta({ description: 'path on this server' }),
  })
  .meta({ id: 'Snapshot' });
export type SnapshotResource = z.output<typeof snapshotSchema>;

export const snapshotPackageSchema = z
  .object({
    project: z.string(),
    fullName: z.string(),
    name: z.string(),
    kind: z.enum(['binary', 'source']),
    arch: z.string(),
    fileName: z.string(),
    sha256: z.string(),
    size: z.int(),
  })
  .meta({ id: 'SnapshotPackage' });
export type SnapshotPackageResource = z.output<typeof snapshotPackageSchema>;

const end = z.object({ snapshot: z.string(), createdAt: time() });

export const snapshotDiffSchema = z
  .object({
    target: name(),
    before: end,
    after: end,
    changes: z.array(
      z.object({
        project: z.string(),
        name: z.string(),
        kind: z.enum(['binary', 'source']),
        arch: z.string(),
        change: z.enum(['added', 'removed', 'up', 'down', 'changed']),
        before: z.string().nullable(),
        after: z.string().nullable(),
      }),
    ),
    projects: z.array(
      z.object({
        project: z.string(),
        before: commit.nullable(),
        after: commit.nullable(),
        added: z.array(commit),
        removed: z.array(commit),
        source: z.enum(['git', 'recorded']),
      }),
    ),
  })
  .meta({ id: 'SnapshotDiff' });
export type SnapshotDiffResource = z.output<typeof snapshotDiffSchema>;

export const refSchema = z
  .object({
    target: name(),
    name: refName(),
    snapshot: z.string(),
    movedAt: time(),
    protected: z.boolean().meta({ description: 'moved by hand with force only' }),
    repository: z.string().meta({ description: 'path on this server' }),
  })
  .meta({ id: 'Ref' });
export type RefResource = z.output<typeof refSchema>;

export const refMoveSchema = z
  .object({
    id: z.int(),
    target: name(),
    name: refName(),
    from: z.string().nullable(),
    to: z.string().nullable().meta({ description: 'null: it was taken away' }),
    actor: z.string(),
    reason: z.string(),
    movedAt: time(),
  })
  .meta({ id: 'RefMove' });
export type RefMoveResource = z.output<typeof refMoveSchema>;
